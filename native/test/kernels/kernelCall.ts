/** Lays the arrays of a kernel call out in one block of memory, misaligned and with guards between them. */

import type { InstructionSet } from "../../lib/types.js";
import { runKernel } from "./kernelRuns.js";

/** Floats between two arrays: more than the widest vector, so that a store that is too wide shows. */
const GUARD = 21;
const GUARD_VALUE = 12345.678;

export interface ArraysCall {
  readonly instructionSet: InstructionSet;
  readonly kernel: string;
  /** In the order of the kernel's pointers; null for a null pointer. */
  readonly arrays: readonly (ArrayLike<number> | null)[];
  readonly sizes: readonly number[];
  readonly scalars?: readonly number[];
  /** Floats before the first array. */
  readonly shift?: number;
}
interface ArraysResult {
  /** After the call; empty for a null pointer. */
  readonly arrays: readonly Float32Array[];
  readonly results: readonly number[];
}

/** Runs a kernel; throws where it wrote outside its arrays. */
export function callWithArrays(call: ArraysCall): ArraysResult {
  const { instructionSet, kernel, arrays, sizes, scalars = [], shift = 0 } = call;
  const pointers: number[] = [];
  let end = shift;
  for (const array of arrays) {
    pointers.push(array === null ? -1 : end);
    end += (array?.length ?? 0) + GUARD;
  }
  const memory = new Float32Array(end).fill(GUARD_VALUE);
  arrays.forEach((array, i) => {
    if (array !== null) memory.set(array, pointers[i] ?? 0);
  });
  const result = runKernel({
    instructionSet,
    kernel,
    memory,
    pointers: Int32Array.from(pointers),
    sizes: Uint32Array.from(sizes),
    scalars: Float32Array.from(scalars),
  });
  const after = arrays.map((array, i) => {
    const begin = pointers[i] ?? 0;
    return result.memory.slice(begin, begin + (array?.length ?? 0));
  });
  const guard = Math.fround(GUARD_VALUE);
  let position = 0;
  const isGuarded = (from: number, to: number) => result.memory.subarray(from, to).every((x) => x === guard);
  arrays.forEach((array, i) => {
    if (array === null) return;
    const begin = pointers[i] ?? 0;
    if (!isGuarded(position, begin)) throw new Error(`${kernel} wrote before its array ${i}`);
    position = begin + array.length;
  });
  if (!isGuarded(position, end)) throw new Error(`${kernel} wrote behind its last array`);
  return { arrays: after, results: [...result.results] };
}

/** Deterministic numbers in [-1, 1) that floats hold exactly, so that double references start from the same values. */
export function randomNumbers(seed: number): (length: number, scale?: number) => Float32Array {
  let state = (seed * 2654435761 + 1) >>> 0;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
  return (length, scale = 1) => Float32Array.from({ length }, () => next() * scale);
}

/** The largest |actual - expected| / (1 + |expected|); infinite where either is NaN alone or lengths differ. */
export function worstError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let worst = 0;
  for (let i = 0; i < actual.length; i += 1) {
    const is = actual[i] ?? Number.NaN;
    const should = expected[i] ?? Number.NaN;
    if (Object.is(is, should)) continue;
    const error = Math.abs(is - should) / (1 + Math.abs(should));
    worst = Math.max(worst, Number.isNaN(error) ? Number.POSITIVE_INFINITY : error);
  }
  return worst;
}

/** Whether two arrays hold the same bits; expect's own comparison takes seconds for a large one. */
export function areSame(a: Float32Array, b: Float32Array): boolean {
  const bytes = (of: Float32Array) => new Uint8Array(of.buffer, of.byteOffset, of.byteLength);
  return Buffer.compare(bytes(a), bytes(b)) === 0;
}
