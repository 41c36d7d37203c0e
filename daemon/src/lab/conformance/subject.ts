/**
 * What conformance is checked of: an engine's readers, arithmetic, sampler and tokenizer, as functions.
 * The native engine is one subject (nativeSubject.ts); tests pass others, to see the checker find faults.
 */

import type { Inspector } from "@ouroboros/native/inspect";

export interface SubjectTensor {
  readonly shape: readonly number[];
  /** Values of any dtype, widened exactly. */
  readonly data: ArrayLike<number>;
}

export interface SamplingCase {
  readonly logits: Float32Array;
  /** 0 = greedy. */
  readonly temperature: number;
  readonly topP: number;
  readonly topK: number;
  readonly alphaPresence: number;
  readonly alphaFrequency: number;
  /** Count of each token that has occurred; 0 is a count too. */
  readonly occurrence: ReadonlyMap<number, number>;
  readonly tokenBan: Uint32Array;
  readonly repetitionPenalty: number;
  readonly repetitionTokens: Uint32Array;
}

export interface OccurrenceTrace {
  readonly generated: Uint32Array;
  readonly alphaDecay: number;
  /** The bytes of each token. */
  readonly tokenBytes: ReadonlyMap<number, Uint8Array>;
}

export interface SubjectTokenizer {
  encode(text: string | Uint8Array): ArrayLike<number>;
  decodeBytes(tokens: Uint32Array): Uint8Array;
  decode(tokens: Uint32Array): string;
}

export interface Subject {
  readonly inspector: Inspector;
  /** All tensors of a .safetensors or .pth file. */
  readTensors(path: string): ReadonlyMap<string, SubjectTensor>;
  /** Probability of each token after all filters, [V]. */
  samplingProbabilities(options: SamplingCase): ArrayLike<number>;
  /** The counts after each generated token. */
  occurrencesAfterEach(options: OccurrenceTrace): readonly ReadonlyMap<number, number>[];
  openTokenizer(path: string): SubjectTokenizer;
}
