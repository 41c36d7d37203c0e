/**
 * Which of a model's parameters are trained: all of them where the model is small, else matrices of low rank beside
 * some. One choice for corrections and for runs on texts.
 */

import type { ModelInfo, TrainedParameters } from "./engine.js";

type LowRank = Extract<TrainedParameters, { kind: "lora" }>;
export type AdaptedParameters =
  | { readonly kind: "whole" }
  | {
      readonly kind: "lora";
      readonly rank: number;
      readonly alpha: number;
      readonly targets: [...LowRank["targets"]];
    };

/** A private copy of a larger model's weights takes more memory and disk than a correction is worth. */
export const WHOLE_PARAMETERS_MAX = 30_000_000;

export function chooseParameters(options: {
  readonly info: Pick<ModelInfo, "parameters">;
  /** `auto`: by the model's size. */
  readonly kind: "auto" | AdaptedParameters["kind"];
  readonly wholeParametersMax: number;
  readonly rank: number;
  readonly alpha: number;
}): AdaptedParameters {
  const { info, kind, wholeParametersMax, rank, alpha } = options;
  const isWhole = kind === "whole" || (kind === "auto" && info.parameters <= wholeParametersMax);
  if (isWhole) return { kind: "whole" };
  return { kind: "lora", rank, alpha, targets: ["ffn.key", "ffn.value", "att.value", "att.output"] };
}
