/**
 * How far two files are the same model: their logits on fixed token sequences. For checking conversions; both are
 * computed in float32, one file in memory at a time.
 */

import { setImmediate } from "node:timers/promises";
import { nativeInspector } from "@ouroboros/native/inspect";
import { AppError } from "../base/errors.js";
import type { Cancelled, ModelInfo } from "../engine/engine.js";

const SEQUENCES = 4;
const SEQUENCE_TOKENS = 32;

export interface Agreement {
  readonly kind: "finished";
  readonly positions: number;
  readonly maxDifference: number;
  /** The largest of the first model's logits, to see differences by. */
  readonly maxLogit: number;
  /** Mean over positions of KL(first ‖ second), in nats. */
  readonly divergence: number;
  readonly maxDivergence: number;
  /** Share of positions where both prefer the same token. */
  readonly sameBest: number;
}

interface CompareOptions {
  readonly first: string;
  readonly second: string;
  readonly threads?: number | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, total: number) => void;
}

/** Throws EngineError as loading does; AppError `models-differ` where the shapes are not even alike. */
export async function compareModels(options: CompareOptions): Promise<Agreement | Cancelled> {
  let done = 0;
  const onSequence = () => {
    done += 1;
    options.onProgress(done, 2 * SEQUENCES);
  };
  const first = await logitsOf({ ...options, path: options.first, onSequence });
  const second = first && (await logitsOf({ ...options, path: options.second, onSequence }));
  if (first === undefined || second === undefined) return { kind: "cancelled" };
  if (shapeText(first.info) !== shapeText(second.info)) {
    throw new AppError(
      "models-differ",
      `${options.first} (${shapeText(first.info)}) and ${options.second} (${shapeText(second.info)}) have different shapes`,
    );
  }
  return agreementOf(first.logits, second.logits, first.info.vocabularySize);
}

function shapeText({ layers, width, ffnWidth, vocabularySize }: ModelInfo): string {
  return `${layers} layers, width ${width}, ffn ${ffnWidth}, ${vocabularySize} rows`;
}

/** Undefined once it was cancelled. */
async function logitsOf(options: {
  readonly path: string;
  readonly threads?: number | undefined;
  readonly signal: AbortSignal;
  readonly onSequence: () => void;
}): Promise<{ readonly info: ModelInfo; readonly logits: readonly Float32Array[] } | undefined> {
  const { path, threads, signal, onSequence } = options;
  const model = nativeInspector().openInspect({ path, ...(threads !== undefined && { threads }) });
  const logits: Float32Array[] = [];
  for (let sequence = 0; sequence < SEQUENCES; sequence += 1) {
    await setImmediate(); // each call blocks; a Ctrl-C gets in here
    if (signal.aborted) return undefined;
    const tokens = fixedTokens(sequence, model.info.vocabularySize);
    logits.push(model.logits({ tokens, mode: "sequence" }).logits);
    onSequence();
  }
  return { info: model.info, logits };
}

/** Tokens that are the same for every run: a walk through the whole vocabulary in large steps. */
function fixedTokens(sequence: number, vocabularySize: number): Uint32Array {
  return Uint32Array.from(
    { length: SEQUENCE_TOKENS },
    (_, i) => ((sequence * SEQUENCE_TOKENS + i) * 7919 + sequence * 31) % vocabularySize,
  );
}

function agreementOf(
  first: readonly Float32Array[],
  second: readonly Float32Array[],
  vocabularySize: number,
): Agreement {
  const sums = { positions: 0, difference: 0, logit: 0, divergence: 0, worst: 0, same: 0 };
  for (const [sequence, a] of first.entries()) {
    const b = second[sequence] ?? new Float32Array();
    for (let begin = 0; begin < a.length; begin += vocabularySize) {
      const row = compareRow(
        a.subarray(begin, begin + vocabularySize),
        b.subarray(begin, begin + vocabularySize),
      );
      sums.positions += 1;
      sums.difference = Math.max(sums.difference, row.difference);
      sums.logit = Math.max(sums.logit, row.logit);
      sums.divergence += row.divergence;
      sums.worst = Math.max(sums.worst, row.divergence);
      sums.same += row.isSameBest ? 1 : 0;
    }
  }
  return {
    kind: "finished",
    positions: sums.positions,
    maxDifference: sums.difference,
    maxLogit: sums.logit,
    divergence: sums.divergence / sums.positions,
    maxDivergence: sums.worst,
    sameBest: sums.same / sums.positions,
  };
}

/** One position's logits under both models. */
export function compareRow(a: Float32Array, b: Float32Array) {
  const logA = logPartition(a);
  const logB = logPartition(b);
  let difference = 0;
  let divergence = 0;
  for (let i = 0; i < a.length; i += 1) {
    const [value, other] = [a[i] ?? Number.NaN, b[i] ?? Number.NaN];
    difference = Math.max(difference, Math.abs(value - other));
    divergence += Math.exp(value - logA.sum) * (value - logA.sum - (other - logB.sum));
  }
  return {
    difference,
    logit: Math.max(Math.abs(logA.max), Math.abs(logB.max)),
    divergence: Math.max(0, divergence),
    isSameBest: logA.best === logB.best,
  };
}

/** log Σ exp, the largest logit and where it stands. */
function logPartition(logits: Float32Array) {
  let best = 0;
  for (let i = 1; i < logits.length; i += 1) if ((logits[i] ?? 0) > (logits[best] ?? 0)) best = i;
  const max = logits[best] ?? 0;
  let sum = 0;
  for (const value of logits) sum += Math.exp(value - max);
  return { best, max, sum: max + Math.log(sum) };
}
