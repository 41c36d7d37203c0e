/** File readers: the same tensors from every format a model comes in, bf16 rounding, and odd but valid archives. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { type GoldenFile, type GoldenTensor, openGoldenFile, roundToBf16 } from "./goldenFile.js";
import type { GoldenModel, ModelGroup } from "./goldenModel.js";
import type { Subject, SubjectTensor } from "./subject.js";
import type { Tally } from "./tally.js";

type Tensors = ReadonlyMap<string, Pick<GoldenTensor, "shape" | "data">>;

export const readersGroup: ModelGroup = {
  isPresent: async (model) => model.weights(".safetensors") !== undefined,
  async check(model, tally) {
    const golden = await openGoldenFile(model.weights(".safetensors") ?? "");
    if (!golden) return;
    const base = golden.under("");
    const rounded = new Map(
      [...base].map(([name, tensor]) => [name, { ...tensor, data: tensor.data.map(roundToBf16) }]),
    );
    compareFile(model, { suffix: ".safetensors", expected: base, tally });
    compareFile(model, { suffix: ".pth", expected: base, tally });
    compareFile(model, { suffix: ".bf16.safetensors", expected: rounded, tally });
    compareFile(model, { suffix: ".bf16.pth", expected: rounded, tally });
    compareFile(model, { suffix: ".lora.pth", expected: await loraTensors(model), tally });
    compareFile(model, { suffix: ".state.pth", expected: await stateTensors(model), tally });
  },
};

/** Skipped when the file or what it should hold was left out. */
function compareFile(
  model: GoldenModel,
  { suffix, expected, tally }: { suffix: string; expected: Tensors | undefined; tally: Tally },
) {
  const path = model.weights(suffix);
  if (path && expected)
    compareTensors({ file: `${model.name}${suffix}`, path, expected, subject: model.subject, tally });
}

function compareTensors(options: {
  readonly file: string;
  readonly path: string;
  readonly expected: Tensors;
  readonly subject: Subject;
  readonly tally: Tally;
}) {
  const { file, expected, tally } = options;
  let tensors: ReadonlyMap<string, SubjectTensor>;
  try {
    tensors = options.subject.readTensors(options.path);
  } catch (error) {
    return tally.fail({ name: file, reason: error instanceof Error ? error.message : String(error) });
  }
  tally.equal({
    name: `${file} names`,
    actual: [...tensors.keys()].sort(),
    expected: [...expected.keys()].sort(),
  });
  for (const [name, golden] of expected) {
    const actual = tensors.get(name);
    tally.equal({ name: `${file} shape of ${name}`, actual: actual?.shape, expected: golden.shape });
    tally.exact({ name: `${file} ${name}`, actual: actual?.data, expected: golden.data });
  }
}

/** The adapter file holds what group d's file holds. */
async function loraTensors(model: GoldenModel): Promise<Tensors | undefined> {
  const adapters = await model.golden("adapters");
  const factors = [...(adapters?.under("lora.") ?? [])].filter(([name]) =>
    /^blocks\..*\.lora_[AB]$/.test(name),
  );
  return factors.length > 0 ? new Map(factors) : undefined;
}

/** The state-tuning file holds the initial wkv of group c, split by layer. */
async function stateTensors(model: GoldenModel): Promise<Tensors | undefined> {
  const wkv = (await model.golden("train"))?.find("state.init.wkv");
  if (!wkv) return undefined;
  const [layers = 0, ...shape] = wkv.shape;
  const size = wkv.data.length / layers;
  return new Map(
    Array.from({ length: layers }, (_, layer) => [
      `blocks.${layer}.att.time_state`,
      { shape, data: wkv.data.subarray(layer * size, (layer + 1) * size) },
    ]),
  );
}

/** Pickle protocols 2 and 4. */
const QUIRKS = ["quirks.pth", "quirks.proto4.pth"] as const;
/** From before zip archives: a reader may refuse it, but must not misread it. */
const QUIRKS_OPTIONAL = "quirks.legacy.pth";

/** `models/quirks*.pth` against `quirks.expected.safetensors`. */
export function checkQuirks(options: {
  readonly folder: string;
  readonly expected: GoldenFile;
  readonly subject: Subject;
  readonly tally: Tally;
}) {
  const { folder, subject, tally } = options;
  const expected = options.expected.under("");
  const compare = (file: string) => {
    const path = join(folder, "models", file);
    if (existsSync(path)) compareTensors({ file, path, expected, subject, tally });
  };
  for (const file of QUIRKS) compare(file);
  if (canRead(subject, join(folder, "models", QUIRKS_OPTIONAL))) compare(QUIRKS_OPTIONAL);
}

function canRead(subject: Subject, path: string): boolean {
  try {
    subject.readTensors(path);
    return true;
  } catch {
    return false;
  }
}
