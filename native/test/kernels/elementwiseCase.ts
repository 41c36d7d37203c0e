/** One call of an element-wise kernel with what it must leave behind, and its check. */

import { expect } from "vitest";
import type { InstructionSet } from "../../lib/types.js";
import { type ArraysCall, callWithArrays, type randomNumbers, worstError } from "./kernelCall.js";

/** 0 ... 2 widths + 1 of the widest vector. */
export const LENGTHS = Array.from({ length: 34 }, (_, n) => n);
const TOLERANCE = 2e-5;

export interface Case {
  readonly arrays: readonly (ArrayLike<number> | null)[];
  readonly sizes: readonly number[];
  readonly scalars?: readonly number[];
  /** What each array holds afterwards; undefined where it must be untouched. */
  readonly after: readonly (ArrayLike<number> | undefined)[];
  readonly results?: readonly number[];
}
export type Random = ReturnType<typeof randomNumbers>;

export function check(instructionSet: InstructionSet, kernel: string, n: number, c: Case) {
  const call: ArraysCall = { instructionSet, kernel, ...c, shift: (5 * n) % 16 };
  const actual = callWithArrays(call);
  actual.arrays.forEach((array, i) => {
    const expected = c.after[i] ?? Float32Array.from(c.arrays[i] ?? []);
    const bound = c.after[i] === undefined ? 0 : TOLERANCE;
    expect(worstError(array, expected), `array ${i} of ${kernel} for ${n}`).toBeLessThanOrEqual(bound);
  });
  expect(worstError(actual.results, c.results ?? []), `result of ${kernel} for ${n}`).toBeLessThan(TOLERANCE);
}

export const doubles = (array: ArrayLike<number>) => Float64Array.from(array);
/** Element by element. */
export const sum = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Float64Array.from(a, (x, i) => x + (b[i] ?? Number.NaN));
