/**
 * Counts comparisons of one group and remembers the worst and the first failures. All rules of what equals what are
 * here; tolerances are the golden set's suggestions for a float32 implementation, but for rounded weights. Anything
 * that is not a finite number within its tolerance fails: a NaN on either side, a wrong length, a missing tensor.
 */

import type { Failure, WorstComparison } from "./report.js";

/** Relative to max(1, largest expected magnitude) of the tensor. */
export const TENSOR_TOLERANCE = 2e-5;
/** Absolute. */
export const LOSS_TOLERANCE = 2e-6;
/** As a share of the tensor's largest gradient. */
export const GRADIENT_TOLERANCE = 1e-4;
const GRADIENT_COSINE_MIN = 0.999999;
/** Absolute: losses along an AdamW curve. */
export const CURVE_TOLERANCE = 1e-5;
export const ADAMW_TOLERANCE = 2e-6;
export const SAMPLING_TOLERANCE = 2e-6;
/**
 * For all logits, or all States, of a model served with rounded weights: |actual - expected| / |expected|, by the root
 * of summed squares. Golden models have random weights, whose errors do not cancel as a trained one's do; each bound is
 * about one and a half times what they give at most. All zeros would be wrong by 1.
 */
export const ROUNDED_TOLERANCE = { bf16: 0.01, q8: 0.06, q4: 0.4 } as const;

const FAILURES_LISTED_MAX = 10;

interface Comparison {
  readonly name: string;
  readonly actual: ArrayLike<number> | undefined;
  readonly expected: ArrayLike<number>;
  /** The error is the distance divided by this. */
  readonly scale: number;
  readonly tolerance: number;
  /** Default: the largest absolute difference. */
  readonly distance?: (actual: ArrayLike<number>, expected: ArrayLike<number>) => number;
}

export interface Tally {
  /** Largest difference over max(1, largest expected magnitude). */
  tensor(options: Omit<Comparison, "scale" | "distance">): void;
  /** Largest difference over the largest expected magnitude. */
  relative(options: Omit<Comparison, "scale" | "distance">): void;
  /** Root of the squared differences' sum over that of the expected values' squares. */
  overall(options: Omit<Comparison, "scale" | "distance">): void;
  /** Largest difference over the largest expected magnitude, and the cosine; zeros must be matched by zeros. */
  gradient(options: Pick<Comparison, "name" | "actual" | "expected">): void;
  /** Absolute difference. */
  number(options: { name: string; actual: number | undefined; expected: number; tolerance: number }): void;
  /** Every value the same. */
  exact(options: Pick<Comparison, "name" | "actual" | "expected">): void;
  /** A comparison of something that is not a list of numbers. */
  equal(options: { readonly name: string; readonly actual: unknown; readonly expected: unknown }): void;
  /** Counts as a comparison that failed. */
  fail(failure: Failure): void;
  result(): {
    readonly comparisons: number;
    readonly failed: number;
    readonly failures: readonly Failure[];
    readonly worst?: WorstComparison;
  };
}

export function createTally(): Tally {
  let comparisons = 0;
  let failed = 0;
  let worst: WorstComparison | undefined;
  const failures: Failure[] = [];

  const fail = (failure: Failure) => {
    comparisons++;
    failed++;
    if (failures.length < FAILURES_LISTED_MAX) failures.push(failure);
  };
  const compare = (comparison: Comparison) => {
    const { name, actual, expected, scale, tolerance, distance = largestDifference } = comparison;
    if (!actual) return fail({ name, reason: "is missing" });
    if (actual.length !== expected.length)
      return fail({ name, reason: `has ${actual.length} values instead of ${expected.length}` });
    const error = distance(actual, expected) / scale;
    if (!worst || !(strain(error, tolerance) <= strain(worst.error, worst.tolerance)))
      worst = { name, error, tolerance };
    // Written so that NaN fails.
    if (!(error <= tolerance))
      return fail({ name, reason: `differs by ${error.toExponential(2)}, allowed ${tolerance}` });
    comparisons++;
  };

  return {
    tensor: (options) => compare({ ...options, scale: Math.max(1, largestMagnitude(options.expected)) }),
    relative: (options) => compare({ ...options, scale: largestMagnitude(options.expected) || 1 }),
    overall: (options) =>
      compare({ ...options, scale: norm(options.expected) || 1, distance: normOfDifference }),
    gradient({ name, actual, expected }) {
      const largest = largestMagnitude(expected);
      if (largest === 0) return compare({ name, actual, expected, scale: 1, tolerance: 0 });
      compare({ name, actual, expected, scale: largest, tolerance: GRADIENT_TOLERANCE });
      if (!actual) return;
      const direction = {
        name: `${name} direction`,
        actual: [1 - cosine(actual, expected)],
        expected: [0],
        scale: 1,
      };
      compare({ ...direction, tolerance: 1 - GRADIENT_COSINE_MIN });
    },
    number: ({ name, actual, expected, tolerance }) =>
      compare({
        name,
        actual: actual === undefined ? undefined : [actual],
        expected: [expected],
        scale: 1,
        tolerance,
      }),
    exact: (options) => compare({ ...options, scale: 1, tolerance: 0 }),
    equal({ name, actual, expected }) {
      const [found, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
      if (found === wanted) comparisons++;
      else fail({ name, reason: `is ${shorten(found)} instead of ${shorten(wanted)}` });
    },
    fail,
    result: () => ({ comparisons, failed, failures, ...(worst && { worst }) }),
  };
}

/** NaN as soon as any difference is NaN. */
function largestDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < expected.length; i++) {
    const [a, b] = [actual[i] ?? Number.NaN, expected[i] ?? Number.NaN];
    // Equal infinities (banned tokens) differ by nothing.
    const difference = a === b ? 0 : Math.abs(a - b);
    if (!(difference <= largest)) largest = difference;
    if (Number.isNaN(largest)) return largest;
  }
  return largest;
}

export function largestMagnitude(values: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, Math.abs(values[i] ?? Number.NaN));
  return largest;
}

function norm(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i] ?? Number.NaN) ** 2;
  return Math.sqrt(sum);
}

function normOfDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  return norm(Array.from(expected, (value, i) => (actual[i] ?? Number.NaN) - value));
}

function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < b.length; i++) {
    const [x, y] = [a[i] ?? Number.NaN, b[i] ?? Number.NaN];
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return ab / Math.sqrt(aa * bb);
}

/** How near an error is to its tolerance; exact comparisons come last unless they fail. */
function strain(error: number, tolerance: number): number {
  if (Number.isNaN(error)) return Number.POSITIVE_INFINITY;
  return error === 0 ? 0 : error / tolerance;
}

function shorten(text: string | undefined): string {
  const SHOWN_MAX = 60;
  if (text === undefined) return "nothing";
  return text.length <= SHOWN_MAX ? text : `${text.slice(0, SHOWN_MAX)}…`;
}
