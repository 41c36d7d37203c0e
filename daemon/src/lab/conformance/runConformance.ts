/**
 * Checks an engine against a folder of golden numbers: every model, every group, one result each. Decides what is
 * there to check and what is missing; the groups' own files decide what equals what.
 * Synchronous native calls make up each group, so cancelling takes effect between groups.
 */

import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { z } from "zod";
import { readRegularText } from "../../base/regularFile.js";
import { adamwGroup, checkStandalone } from "./adamw.js";
import { dumpGroup } from "./dump.js";
import { forwardGroup } from "./forward.js";
import { openGoldenFile } from "./goldenFile.js";
import {
  GOLDEN_PARTS,
  type GoldenModel,
  type GoldenPart,
  type ModelGroup,
  openGoldenModel,
} from "./goldenModel.js";
import { infctxGroup } from "./infctx.js";
import { loraGroup } from "./lora.js";
import { checkQuirks, readersGroup } from "./readers.js";
import {
  type ConformanceReport,
  type ConformanceResult,
  GROUPS_NOT_IMPLEMENTED,
  type GroupId,
  hasPassed,
  REQUIRED_GROUPS,
} from "./report.js";
import { checkSampling } from "./sampling.js";
import { servedGroup } from "./served.js";
import type { Subject } from "./subject.js";
import { createTally, type Tally } from "./tally.js";
import { checkTokenizer } from "./tokenizer.js";
import { trainingGroup } from "./training.js";

export interface ConformanceOptions {
  readonly folder: string;
  readonly subject: Subject;
  /** Vocabulary files, or folders of them, in which to look after `folder`/tokenizer. */
  readonly vocabularies?: readonly string[];
  /** Called as soon as a result is there, in the order of the report. `total` counts the checks, done and to come. */
  readonly onResult?: (
    result: ConformanceResult,
    progress: { readonly done: number; readonly total: number },
  ) => void;
  readonly signal?: AbortSignal;
}

type ConformanceOutcome =
  | ({ readonly kind: "finished" } & ConformanceReport)
  | { readonly kind: "cancelled" };

/** Rejects only when the folder itself cannot be read; whatever is wrong in it becomes a failed result. */
export async function runConformance(options: ConformanceOptions): Promise<ConformanceOutcome> {
  const checks = await planChecks(options);
  const results: ConformanceResult[] = [];
  const total = checks.length;
  const report = (result: ConformanceResult) => {
    results.push(result);
    options.onResult?.(result, { done: Math.min(results.length, total), total });
  };
  for (const check of checks) {
    // Lets signals and output through between synchronous native calls.
    await setImmediate();
    if (options.signal?.aborted) return { kind: "cancelled" };
    report(await runCheck(check));
  }
  for (const { id } of REQUIRED_GROUPS)
    if (!checks.some((check) => check.group === id)) report({ kind: "missing", group: id });
  for (const { letter, title } of GROUPS_NOT_IMPLEMENTED) report({ kind: "not implemented", letter, title });

  const checked = results.filter((result) => result.kind === "checked");
  return {
    kind: "finished",
    folder: options.folder,
    passed: results.every(hasPassed),
    comparisons: checked.reduce((sum, result) => sum + result.comparisons, 0),
    failed: checked.reduce((sum, result) => sum + result.failed, 0),
    results,
  };
}

interface Check {
  readonly group: GroupId;
  readonly model: string;
  run(tally: Tally): Promise<void>;
  /** After `run`: golden tensors that it did not look at. */
  unused(): Promise<readonly string[]>;
}

async function runCheck({ group, model, run, unused }: Check): Promise<ConformanceResult> {
  const tally = createTally();
  const startedMs = performance.now();
  try {
    await run(tally);
  } catch (error) {
    tally.fail({ name: "the check itself", reason: describe(error) });
  }
  const seconds = (performance.now() - startedMs) / 1000;
  return { kind: "checked", group, model, ...tally.result(), unused: await unused(), seconds };
}

function describe(error: unknown): string {
  if (error instanceof z.ZodError) return z.prettifyError(error).replaceAll("\n", " ");
  return error instanceof Error ? error.message : String(error);
}

/** Required groups that are checked model by model, in the order of the report. */
const MODEL_GROUPS: readonly { id: GroupId; group: ModelGroup; part?: GoldenPart }[] = [
  { id: "readers", group: readersGroup },
  { id: "forward", group: forwardGroup, part: "forward" },
  { id: "served", group: servedGroup },
  { id: "dump", group: dumpGroup, part: "dump" },
  { id: "training", group: trainingGroup, part: "train" },
  { id: "lora", group: loraGroup, part: "adapters" },
  { id: "adamw", group: adamwGroup, part: "adamw" },
  { id: "infctx", group: infctxGroup, part: "infctx" },
];

async function planChecks(options: ConformanceOptions): Promise<Check[]> {
  const names = await readdir(options.folder);
  const checks = await planFolderChecks(options);
  for (const name of modelNames(names)) {
    const opening = { folder: options.folder, name, subject: options.subject };
    try {
      checks.push(...(await planModelChecks(await openGoldenModel(opening))));
    } catch (error) {
      // A card or golden file that cannot be read fails under the first group that needs it.
      checks.push({
        group: "forward",
        model: name,
        run: () => Promise.reject(error),
        unused: async () => [],
      });
    }
  }
  return checks;
}

/** X of every `X.json` or `X.forward.safetensors` and so on, but for the files that belong to no model. */
function modelNames(files: readonly string[]): string[] {
  const withoutModel = new Set(["rl", "sampling"]);
  const suffixes = [".json", ...GOLDEN_PARTS.map((part) => `.${part}.safetensors`)];
  const names = files.flatMap((file) =>
    suffixes.filter((suffix) => file.endsWith(suffix)).map((suffix) => file.slice(0, -suffix.length)),
  );
  return [...new Set(names)].filter((name) => !withoutModel.has(name)).sort();
}

async function planModelChecks(model: GoldenModel): Promise<Check[]> {
  const checks: Check[] = [];
  for (const { id, group, part } of MODEL_GROUPS) {
    if (!(await group.isPresent(model))) continue;
    const unused = async () => {
      const names = (part && (await model.golden(part))?.unused()) ?? [];
      return names.filter((name) => !isOfOtherGroup(name));
    };
    checks.push({ group: id, model: model.name, run: (tally) => group.check(model, tally), unused });
  }
  return checks;
}

function isOfOtherGroup(tensor: string): boolean {
  return GROUPS_NOT_IMPLEMENTED.some(({ tensorPrefix }) => tensorPrefix && tensor.startsWith(tensorPrefix));
}

/** Checks that belong to no model: tokenizer, sampling, the optimizer alone, odd archives. */
async function planFolderChecks({
  folder,
  subject,
  vocabularies = [],
}: ConformanceOptions): Promise<Check[]> {
  const checks: Check[] = [];
  const add = (group: GroupId, model: string, run: (tally: Tally) => Promise<void>) =>
    checks.push({ group, model, run, unused: async () => [] });
  const quirks = join(folder, "quirks.expected.safetensors");
  if (existsSync(quirks))
    add("readers", "quirks", async (tally) => {
      const expected = await openGoldenFile(quirks);
      if (expected) checkQuirks({ folder, expected, subject, tally });
    });
  const tokenizerFolder = join(folder, "tokenizer");
  for (const file of await listFolder(tokenizerFolder)) {
    if (!file.endsWith("_cases.json")) continue;
    add("tokenizer", file.replace("_cases.json", ""), async (tally) => {
      const json = await readRegularText(join(tokenizerFolder, file));
      await checkTokenizer({ json, vocabularies: [tokenizerFolder, ...vocabularies], subject, tally });
    });
  }
  const standalone = join(folder, "adamw_standalone.safetensors");
  if (existsSync(standalone))
    add("adamw", "standalone", async (tally) => {
      const file = await openGoldenFile(standalone);
      if (file) checkStandalone({ file, subject, tally });
    });
  const sampling = join(folder, "sampling.json");
  if (existsSync(sampling))
    add("sampling", "sampling", async (tally) =>
      checkSampling({ json: await readRegularText(sampling), subject, tally }),
    );
  return checks;
}

async function listFolder(path: string): Promise<string[]> {
  try {
    return (await readdir(path)).sort();
  } catch {
    return [];
  }
}
