/**
 * Group a again, by the network that serves, with each type of weights. Types that lose nothing of a file are held to
 * the tolerance of float32, case by case; the others to one of their own, over all cases of a model together, because
 * a short case alone may be as wrong as it likes.
 */

import type { LogitsOptions } from "@ouroboros/native/inspect";
import type { WeightType } from "../../engine/engine.js";
import { casesOf, precisionOf } from "./forward.js";
import type { GoldenFile } from "./goldenFile.js";
import { type GoldenModel, type ModelGroup, stateOf, stateParts, tokensOf } from "./goldenModel.js";
import { ROUNDED_TOLERANCE, type Tally, TENSOR_TOLERANCE } from "./tally.js";

const MODES = ["sequence", "step"] as const satisfies readonly LogitsOptions["mode"][];
const TYPES = ["f32", "bf16", "q8", "q4"] as const satisfies readonly WeightType[];

export const servedGroup: ModelGroup = {
  isPresent: async (model) => (await model.golden("forward")) !== undefined,
  async check(model, tally) {
    const file = await model.golden("forward");
    if (!file) return;
    for (const weights of TYPES) for (const mode of MODES) checkType(model, { file, weights, mode, tally });
  },
};

type TypeCheck = Pick<LogitsOptions, "mode"> & {
  readonly file: GoldenFile;
  readonly weights: (typeof TYPES)[number];
  readonly tally: Tally;
};

function checkType(model: GoldenModel, check: TypeCheck) {
  const { file, weights, mode, tally } = check;
  const rounded = new Map<string, Pair[]>();
  for (const name of casesOf(file)) {
    const precision = precisionOf(model, name);
    for (const { part, ...pair } of pairsOf(model, { ...check, name })) {
      if (weights === "f32" || (weights === "bf16" && precision === "bf16"))
        tally.tensor({ name: `${name}.${part} (${weights}, ${mode})`, ...pair, tolerance: TENSOR_TOLERANCE });
      else rounded.set(part, [...(rounded.get(part) ?? []), pair]);
    }
  }
  if (weights === "f32") return;
  for (const [part, pairs] of rounded)
    tally.overall({
      name: `${part} (${weights}, ${mode})`,
      actual: pairs.flatMap(({ actual }) => Array.from(actual)),
      expected: pairs.flatMap(({ expected }) => Array.from(expected)),
      tolerance: ROUNDED_TOLERANCE[weights],
    });
}

interface Pair {
  readonly actual: Float32Array;
  readonly expected: ArrayLike<number>;
}

/** The expected values of one case by their part, beside those that the served network gives. */
function pairsOf(
  model: GoldenModel,
  { file, name, weights, mode }: Omit<TypeCheck, "tally"> & { readonly name: string },
): readonly (Pair & { readonly part: string })[] {
  const inspect = model.open(precisionOf(model, name));
  const pair = (part: string, actual: Float32Array) => ({
    part,
    actual,
    expected: file.get(`${name}.${part}`).data,
  });
  const initial = stateOf(file, `${name}.init.`);
  const tokens = tokensOf(file.get(`${name}.tokens`));
  const { logits, state } = inspect.logits({ tokens, mode, weights, ...(initial && { state: initial }) });
  const pairs = [pair("logits", logits)];
  if (file.find(`${name}.state.wkv`))
    for (const [part, actual] of stateParts(state)) pairs.push(pair(`state.${part}`, actual));
  const continued = file.find(`${name}.cont_tokens`);
  if (continued) {
    const next = inspect.logits({ tokens: tokensOf(continued), mode, weights, state });
    pairs.push(pair("cont_logits", next.logits));
  }
  return pairs;
}
