/** Group a: logits and States after given tokens, and the continuation from them, in both modes of the engine. */

import type { LogitsOptions } from "@ouroboros/native/inspect";
import type { GoldenFile } from "./goldenFile.js";
import { type GoldenModel, type ModelGroup, stateOf, stateParts, tokensOf } from "./goldenModel.js";
import { type Tally, TENSOR_TOLERANCE } from "./tally.js";

/** Divides none of the golden lengths, so the last chunk is a short one. */
const CHUNK = 5;

const MODES: readonly (Pick<LogitsOptions, "mode" | "chunk"> & { readonly title: string })[] = [
  { title: "sequence", mode: "sequence" },
  { title: `chunks of ${CHUNK}`, mode: "sequence", chunk: CHUNK },
  { title: "step", mode: "step" },
];

export const forwardGroup: ModelGroup = {
  isPresent: async (model) => (await model.golden("forward")) !== undefined,
  async check(model, tally) {
    const file = await model.golden("forward");
    if (!file) return;
    for (const name of casesOf(file)) checkCase(model, { file, name, tally });
  },
};

export function casesOf(file: GoldenFile): string[] {
  const suffix = ".tokens";
  return file.names.filter((name) => name.endsWith(suffix)).map((name) => name.slice(0, -suffix.length));
}

/** In which type of file a case's weights are. */
export function precisionOf(model: GoldenModel, name: string): "fp32" | "bf16" {
  const described = model.card.forward?.[name]?.weights ?? name;
  return described.startsWith("bf16") ? "bf16" : "fp32";
}

function checkCase(
  model: GoldenModel,
  { file, name, tally }: { file: GoldenFile; name: string; tally: Tally },
) {
  const inspect = model.open(precisionOf(model, name));
  const tokens = tokensOf(file.get(`${name}.tokens`));
  const initial = stateOf(file, `${name}.init.`);
  const stored = stateOf(file, `${name}.state.`);
  const continued = file.find(`${name}.cont_tokens`);
  for (const { title, ...how } of MODES) {
    const tensor = (part: string, actual: Float32Array, from = "") =>
      tally.tensor({
        name: `${name}.${part} (${title}${from})`,
        actual,
        expected: file.get(`${name}.${part}`).data,
        tolerance: TENSOR_TOLERANCE,
      });
    const { logits, state } = inspect.logits({ ...how, tokens, ...(initial && { state: initial }) });
    tensor("logits", logits);
    if (stored) for (const [part, actual] of stateParts(state)) tensor(`state.${part}`, actual);
    if (!continued) continue;
    const next = { ...how, tokens: tokensOf(continued) };
    tensor("cont_logits", inspect.logits({ ...next, state }).logits);
    if (stored)
      tensor("cont_logits", inspect.logits({ ...next, state: stored }).logits, " from stored state");
  }
}
