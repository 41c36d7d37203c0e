/** What a model's tokens cost the machine: bytes of weights and operations of matrix products. */

import type { Model, ModelInfo, WeightType } from "../../engine/engine.js";

/** q8 and q4 share a scale of two bytes among 32. */
const BYTES_PER_PARAMETER: Readonly<Record<WeightType, number>> = {
  f32: 4,
  bf16: 2,
  q8: 1 + 2 / 32,
  q4: 1 / 2 + 2 / 32,
};

/** Every weight is read once per token, but of the embedding only one row; with q4 the head is q8. */
export function bytesPerToken({ info, weights }: Pick<Model, "info" | "weights">): number {
  const perMatrix = info.vocabularySize * info.width;
  const head = perMatrix * BYTES_PER_PARAMETER[weights === "q4" ? "q8" : weights];
  return head + (info.parameters - 2 * perMatrix) * BYTES_PER_PARAMETER[weights];
}

/** Operations of reading `tokens` tokens with the logits of `rows` of them: two per weight. */
export function readOperations(info: ModelInfo, tokens: number, rows: number): number {
  const perMatrix = info.vocabularySize * info.width;
  return 2 * tokens * (info.parameters - 2 * perMatrix) + 2 * rows * perMatrix;
}

/** Forward, the gradient of every input and, where weights learn, of the weights: as much again each. */
export function trainOperations(info: ModelInfo, tokens: number, learned: "all" | "few"): number {
  return (learned === "all" ? 3 : 2) * readOperations(info, tokens, tokens);
}
