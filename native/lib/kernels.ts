/**
 * What the engine's kernels reach of this machine, for the bench and the tests; nothing that serves a user imports this
 * file. Every call is synchronous; a measurement takes about a quarter of a second.
 */

import { loadAddon } from "./addon.js";
import { EngineError } from "./errors.js";
import { guarded } from "./rethrow.js";
import type { InstructionSet, Precision } from "./types.js";

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

interface NativeKernels {
  instructionSets(): InstructionSet[];
  hasBf16(options: { instructionSet: InstructionSet }): boolean;
  measureMultiplyAdds(options: MeasureOptions): number;
  measureNarrowMultiplyAdds(options: { threads: number; operands: "bf16" | "int8" }): number | undefined;
  measureBandwidth(options: MeasureOptions & { bytes: number }): number;
  measureGemm(options: MeasureOptions & GemmShape): number;
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
