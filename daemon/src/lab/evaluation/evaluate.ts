/**
 * A model's measures on projects that it has not seen, one after the other; a stop keeps those that are finished. Every
 * choice is drawn by the seed, apart for each measure, so that a run of some measures agrees with a run of all.
 */

import type { OnProgress } from "../../base/progress.js";
import type { Cancelled, Finished, Model, Tokenizer } from "../../engine/engine.js";
import { type Bits, measureBits } from "./measures/bits.js";
import { type Induction, probeInduction } from "./measures/inductionProbe.js";
import { type Latency, measureLatency } from "./measures/latency.js";
import { type CorpusText, checkLeak, type Leak } from "./measures/leak.js";
import { type FillMeasure, type LineMeasure, measureFill, measureLines } from "./measures/lineMeasures.js";
import { measureSamples, type Samples } from "./measures/samples.js";
import type { EvaluationProject } from "./projects.js";
import type { RankTokens } from "./ranks.js";

export const MEASURES = ["bits", "lines", "fill", "induction", "samples", "latency", "leak"] as const;
export type Measure = (typeof MEASURES)[number];

/** The size of each measure. */
export interface Extent {
  /** Per project and language: windows, whole files, and places to write at. */
  readonly windows: number;
  readonly wholeFiles: number;
  readonly places: number;
  /** Per kind and distance. */
  readonly inductionCases: number;
  /** In all. */
  readonly samples: number;
  readonly latencyRuns: number;
}

export const FULL: Extent = {
  windows: 128,
  wholeFiles: 12,
  places: 60,
  inductionCases: 100,
  samples: 50,
  latencyRuns: 20,
};
export const QUICK: Extent = {
  windows: 8,
  wholeFiles: 2,
  places: 10,
  inductionCases: 25,
  samples: 12,
  latencyRuns: 5,
};

export interface EvaluateOptions {
  readonly model: Model;
  readonly tokenizer: Tokenizer;
  readonly projects: readonly EvaluationProject[];
  readonly measures: readonly Measure[];
  readonly extent: Extent;
  readonly seed: number;
  readonly windowTokens: number;
  /** Called for the measure of bits alone: it takes the model's matrices once more. */
  readonly openRanks: () => RankTokens;
  /** The same model with other weights. */
  readonly compared: Model | undefined;
  /** The text that the model was trained on; undefined where it is not at hand, and the leak check is left out. */
  readonly corpus: { readonly documents: number; readonly read: () => AsyncIterable<CorpusText> } | undefined;
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress;
}

/** Results by measure; absent where not asked for or not reached. */
export interface Measurements {
  readonly bits?: Bits;
  readonly lines?: LineMeasure;
  readonly fill?: FillMeasure;
  readonly induction?: Induction;
  readonly samples?: Samples;
  readonly latency?: Latency;
  readonly leak?: Leak;
}

export interface Evaluation {
  readonly kind: "finished" | "cancelled";
  readonly measured: Measurements;
}

export async function evaluate(options: EvaluateOptions): Promise<Evaluation> {
  let measured: Measurements = {};
  for (const measure of options.measures) {
    const taken = await take(measure, options);
    if (taken.kind === "cancelled") return { kind: "cancelled", measured };
    measured = { ...measured, ...taken.measured };
  }
  return { kind: "finished", measured };
}

async function take(
  measure: Measure,
  options: EvaluateOptions,
): Promise<Finished<{ readonly measured: Measurements }>> {
  const { extent, corpus } = options;
  switch (measure) {
    case "bits": {
      const limits = { windowsMax: extent.windows, filesMax: extent.wholeFiles };
      const taken = await measureBits({ ...options, ...limits, rank: options.openRanks() });
      return finished(taken, (bits) => ({ bits }));
    }
    case "lines":
      return finished(await measureLines({ ...options, placesMax: extent.places }), (lines) => ({ lines }));
    case "fill":
      return finished(await measureFill({ ...options, placesMax: extent.places }), (fill) => ({ fill }));
    case "induction": {
      const taken = await probeInduction({ ...options, cases: extent.inductionCases });
      return finished(taken, (induction) => ({ induction }));
    }
    case "samples": {
      const taken = await measureSamples({ ...options, samples: extent.samples });
      return finished(taken, ({ samples }) => (samples ? { samples } : {}));
    }
    case "latency": {
      const taken = await measureLatency({ ...options, runs: extent.latencyRuns });
      return finished(taken, ({ latency }) => (latency ? { latency } : {}));
    }
    case "leak": {
      if (corpus === undefined) return { kind: "finished", measured: {} };
      const { documents, read } = corpus;
      return finished(await checkLeak({ ...options, documents, corpus: read() }), (leak) => ({ leak }));
    }
  }
}

function finished<T extends { readonly kind: "finished" }>(
  taken: T | Cancelled,
  part: (result: Omit<T, "kind">) => Measurements,
): Finished<{ readonly measured: Measurements }> {
  if (taken.kind === "cancelled") return { kind: "cancelled" };
  const { kind: _, ...result } = taken;
  return { kind: "finished", measured: part(result) };
}
