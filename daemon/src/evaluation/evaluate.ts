/**
 * A model's measures on projects that it has not seen, one after the other; a stop keeps those that are finished. Every
 * choice is drawn by the seed, apart for each measure, so that a run of some measures agrees with a run of all.
 */

import type { OnProgress } from "../corpus/progress.js";
import type { Finished, Model, Tokenizer } from "../engine/engine.js";
import { type Bits, measureBits } from "./bits.js";
import type { EvaluationProject } from "./projects.js";
import type { RankTokens } from "./ranks.js";

export const MEASURES = ["bits"] as const;
export type Measure = (typeof MEASURES)[number];

/** How much of each measure is taken. */
export interface Extent {
  /** Per project and language: windows, and whole files. */
  readonly windows: number;
  readonly wholeFiles: number;
}

export const FULL: Extent = { windows: 128, wholeFiles: 12 };
export const QUICK: Extent = { windows: 8, wholeFiles: 2 };

export interface EvaluateOptions {
  readonly model: Model;
  readonly tokenizer: Tokenizer;
  readonly projects: readonly EvaluationProject[];
  readonly measures: readonly Measure[];
  readonly extent: Extent;
  readonly seed: number;
  readonly windowTokens: number;
  readonly rank: RankTokens;
  /** The same model with other weights. */
  readonly compared: Model | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress;
}

export interface Measured {
  bits?: Omit<Bits, "kind">;
}

export interface Evaluation {
  readonly kind: "finished" | "cancelled";
  readonly measured: Readonly<Measured>;
}

export async function evaluate(options: EvaluateOptions): Promise<Evaluation> {
  const measured: Measured = {};
  for (const measure of options.measures) {
    const outcome = await take(measure, options, measured);
    if (outcome === "cancelled") return { kind: "cancelled", measured };
  }
  return { kind: "finished", measured };
}

type Outcome = "finished" | "cancelled";

async function take(measure: Measure, options: EvaluateOptions, into: Measured): Promise<Outcome> {
  const { extent } = options;
  switch (measure) {
    case "bits": {
      const bits = await measureBits({
        ...options,
        windowsMax: extent.windows,
        filesMax: extent.wholeFiles,
      });
      return keep(bits, (result) => {
        into.bits = result;
      });
    }
  }
}

/** The finished result without its kind, or word of the stop. */
function keep<T extends object>(result: Finished<T>, store: (result: T) => void): Outcome {
  if (result.kind === "cancelled") return "cancelled";
  store(result);
  return "finished";
}
