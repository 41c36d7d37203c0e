/** What a model's tokens cost the machine: bytes of weights and operations of matrix products. */

import type { ModelInfo } from "@ouroboros/native";

const BYTES_PER_PARAMETER = 4;

/** Every weight is read once per token, but of the embedding only one row. */
export function bytesPerToken(info: ModelInfo): number {
  return BYTES_PER_PARAMETER * (info.parameters - info.vocabularySize * info.width);
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
