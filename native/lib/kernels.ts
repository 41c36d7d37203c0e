/**
 * The engine's kernels one by one, for their tests and for the bench; nothing that serves a user imports this file.
 * Every call is synchronous; a measurement takes about a quarter of a second.
 */

import { loadAddon } from "./addon.js";
import { EngineError } from "./errors.js";
import { guarded } from "./rethrow.js";
import type { InstructionSet, Precision } from "./types.js";

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

/** What to measure with. */
interface MeasureOptions {
  readonly instructionSet: InstructionSet;
  readonly threads: number;
}
interface GemmShape {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Stored as [k,m]. */
  readonly isATransposed: boolean;
  /** Stored as [n,k], as weights are. */
  readonly isBTransposed: boolean;
  readonly precision: Precision;
}
/** Seconds of one thread per head and token. */
interface WkvSeconds {
  readonly forward: number;
  /** With all that the backward pass needs. */
  readonly forwardSaving: number;
  readonly backward: number;
}

interface NativeKernels {
  instructionSets(): InstructionSet[];
  hasBf16(options: { instructionSet: InstructionSet }): boolean;
  run(call: KernelCall): KernelResult;
  gemm(call: object): KernelResult;
  measureMultiplyAdds(options: MeasureOptions): number;
  measureNarrowMultiplyAdds(options: { threads: number; operands: "bf16" | "int8" }): number | undefined;
  measureBandwidth(options: MeasureOptions & { bytes: number }): number;
  measureGemm(options: MeasureOptions & GemmShape): number;
  measureWkv(options: MeasureOptions & { heads: number; tokens: number }): WkvSeconds;
  exerciseTwoLanes(options: { threads: number; loops: number; tasks: number }): TwoLanes;
  exerciseThrowing(options: { threads: number; tasks: number; failing: number }): void;
  exerciseTrainShare(options: { threads: number; microseconds: number }): number;
  exerciseRestarts(options: { threads: number; times: number }): number;
}

function hasKernels(addon: unknown): addon is { readonly kernels: NativeKernels } {
  return typeof addon === "object" && addon !== null && "kernels" in addon;
}

function native(): NativeKernels {
  const addon = loadAddon();
  if (!hasKernels(addon)) {
    throw new EngineError("internal", "the native engine lacks its kernels; run `npm run build`");
  }
  return addon.kernels;
}

/** The instruction sets of this machine that the engine has kernels for, the plainest first. */
export function instructionSets(): readonly InstructionSet[] {
  return native().instructionSets();
}

/** Whether products in bf16 are what they say; else they are float32. */
export function hasBf16(instructionSet: InstructionSet): boolean {
  return guarded(() => native().hasBf16({ instructionSet }));
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

/** The most floating-point operations per second that multiply-adds in registers reach. */
export function multiplyAddPeak(options: MeasureOptions): number {
  return guarded(() => native().measureMultiplyAdds(options));
}

/** The same of bf16 pairs or int8 quadruples added to 32 bits; undefined where the processor has no such instruction. */
export function narrowMultiplyAddPeak(options: {
  readonly threads: number;
  readonly operands: "bf16" | "int8";
}): number | undefined {
  return guarded(() => native().measureNarrowMultiplyAdds(options));
}

/** Bytes per second of reading `bytes` of memory over and over: some megabytes for the caches, 256 MB for the rest. */
export function readBandwidth(options: MeasureOptions & { readonly bytes: number }): number {
  return guarded(() => native().measureBandwidth(options));
}

/** Floating-point operations per second of one product, 2 m n k of them. */
export function gemmSpeed(options: MeasureOptions & GemmShape): number {
  const seconds = guarded(() => native().measureGemm(options));
  return (2 * options.m * options.n * options.k) / seconds;
}

export function wkvSpeed(
  options: MeasureOptions & { readonly heads: number; readonly tokens: number },
): WkvSeconds {
  return guarded(() => native().measureWkv(options));
}

interface TwoLanes {
  readonly tasksRun: number;
  /** Loops whose tasks did not run exactly once each. */
  readonly wrongSums: number;
  /** Tasks that saw a loop of the other lane. */
  readonly overlaps: number;
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
