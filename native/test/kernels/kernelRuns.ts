/** The kernels of the addon one by one, and its pool of workers under hard use. Every call is synchronous. */

import { loadAddon } from "../../lib/addon.js";
import { guarded } from "../../lib/rethrow.js";
import type { InstructionSet, Precision } from "../../lib/types.js";

/** A call of a kernel in the order of its C++ declaration; binding/kernel_calls.cc lists the names. */
interface KernelCall {
  readonly instructionSet: InstructionSet;
  readonly kernel: string;
  /** Copied to a 64-byte aligned place; all of it comes back. */
  readonly memory: Float32Array;
  /** Offsets into `memory` in floats; -1 is a null pointer. */
  readonly pointers: Int32Array;
  readonly sizes: Uint32Array;
  readonly scalars: Float32Array;
}
interface KernelResult {
  readonly memory: Float32Array;
  /** What the kernel returned. */
  readonly results: Float64Array;
}

/** Element (i, j) stands at offset + i * rowStride + j * columnStride; one stride is 1. */
interface MatrixPlace {
  readonly offset: number;
  readonly rowStride: number;
  readonly columnStride: number;
}
/** c (+)= scale * a b, with a [m,k], b [k,n] and c [m,n] row-major in one memory. */
interface GemmCall {
  readonly instructionSet: InstructionSet;
  readonly threads: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly memory: Float32Array;
  readonly a: MatrixPlace;
  readonly b: MatrixPlace;
  readonly c: { readonly offset: number; readonly stride: number };
  readonly scale: number;
  readonly isAccumulating: boolean;
  /** bf16: a (already scaled) and b are rounded, if a and b both have 32 rows or columns; sums are float32. */
  readonly precision: Precision;
  /** b is packed for bf16 once and given as such, where there are instructions for it. */
  readonly isPackedBefore?: boolean;
}

/** Seconds of one thread per head and token. */
interface WkvSeconds {
  readonly forward: number;
  /** With all that the backward pass needs. */
  readonly forwardSaving: number;
  readonly backward: number;
}

interface WkvMeasurement {
  readonly instructionSet: InstructionSet;
  readonly threads: number;
  readonly heads: number;
  readonly tokens: number;
}

interface TwoLanes {
  readonly tasksRun: number;
  /** Loops whose tasks did not run exactly once each. */
  readonly wrongSums: number;
  /** Tasks that saw a loop of the other lane. */
  readonly overlaps: number;
}

interface CalledKernels {
  run(call: KernelCall): KernelResult;
  gemm(call: object): KernelResult;
  measureWkv(options: WkvMeasurement): WkvSeconds;
  exerciseTwoLanes(options: { threads: number; loops: number; tasks: number }): TwoLanes;
  exerciseThrowing(options: { threads: number; tasks: number; failing: number }): void;
  exerciseTrainShare(options: { threads: number; microseconds: number }): number;
  exerciseRestarts(options: { threads: number; times: number }): number;
}

function hasKernels(addon: unknown): addon is { readonly kernels: CalledKernels } {
  return typeof addon === "object" && addon !== null && "kernels" in addon;
}

function native(): CalledKernels {
  const addon = loadAddon();
  if (!hasKernels(addon)) throw new Error("the native engine lacks its kernels; run `npm run build`");
  return addon.kernels;
}

export function runKernel(call: KernelCall): KernelResult {
  return guarded(() => native().run(call));
}

/** Returns the memory after the product. */
export function runGemm(call: GemmCall): Float32Array {
  const { instructionSet, threads, memory, m, n, k, a, b, c, scale, isAccumulating, precision } = call;
  const { isPackedBefore = false } = call;
  const result = guarded(() =>
    native().gemm({
      instructionSet,
      threads,
      memory,
      isAccumulating,
      precision,
      isPackedBefore,
      pointers: Int32Array.of(a.offset, b.offset, c.offset),
      sizes: Uint32Array.of(m, n, k, a.rowStride, a.columnStride, b.rowStride, b.columnStride, c.stride),
      scalars: Float32Array.of(scale),
    }),
  );
  return result.memory;
}

export function wkvSpeed(options: WkvMeasurement): WkvSeconds {
  return guarded(() => native().measureWkv(options));
}

/** Hard use of a pool of kernel workers; binding/pool_exercises.h says what each does. */
export const poolExercises = {
  twoLanes: (options: {
    readonly threads: number;
    readonly loops: number;
    readonly tasks: number;
  }): TwoLanes => guarded(() => native().exerciseTwoLanes(options)),
  throwing: (options: { readonly threads: number; readonly tasks: number; readonly failing: number }): void =>
    guarded(() => native().exerciseThrowing(options)),
  trainShare: (options: { readonly threads: number; readonly microseconds: number }): number =>
    guarded(() => native().exerciseTrainShare(options)),
  restarts: (options: { readonly threads: number; readonly times: number }): number =>
    guarded(() => native().exerciseRestarts(options)),
};
