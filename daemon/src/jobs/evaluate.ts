/**
 * Bits per byte of a model on texts it has not seen: Σ -log2 p of all scored tokens / their UTF-8 bytes, so that
 * vocabularies can be compared. Two ways to read: windows of fixed length, each from the zero State (what most reports
 * use), and whole documents with the State carried.
 */

import type { Adapter, Model, Tokenizer } from "@ouroboros/native";

export interface EvaluateOptions {
  readonly model: Model;
  readonly tokenizer: Tokenizer;
  readonly texts: readonly string[];
  /** Tokens of a window; undefined = whole texts with the State carried. */
  readonly windowTokens?: number;
  /** Windows at most, spread evenly over all; bounds the time. */
  readonly windowsMax?: number;
  readonly adapter?: Adapter;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

export type Evaluation =
  | {
      readonly kind: "finished";
      readonly bitsPerByte: number;
      readonly tokens: number;
      readonly bytes: number;
      /** Share of tokens that were the most probable one. */
      readonly accuracy: number;
    }
  | { readonly kind: "cancelled" };

/** Every window begins at this token, so that its first text token is scored too. */
const END_OF_DOCUMENT = 0;

export async function evaluate(options: EvaluateOptions): Promise<Evaluation> {
  const windows = pick(windowsOf(options), options.windowsMax);
  const sums = { bits: 0, tokens: 0, bytes: 0, right: 0 };
  for (const [index, window] of windows.entries()) {
    const score = await options.model.score({
      state: options.model.zeroState(),
      tokens: Uint32Array.of(END_OF_DOCUMENT, ...window),
      ...(options.adapter === undefined ? {} : { adapter: options.adapter }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    if (score.kind === "cancelled") return score;
    for (const logProbability of score.logProbabilities) sums.bits -= logProbability / Math.LN2;
    for (const [position, token] of window.entries()) sums.right += score.best[position] === token ? 1 : 0;
    sums.tokens += window.length;
    sums.bytes += options.tokenizer.decodeBytes(window).length;
    options.onProgress?.(index + 1, windows.length);
  }
  return {
    kind: "finished",
    bitsPerByte: sums.bytes === 0 ? 0 : sums.bits / sums.bytes,
    tokens: sums.tokens,
    bytes: sums.bytes,
    accuracy: sums.tokens === 0 ? 0 : sums.right / sums.tokens,
  };
}

function windowsOf(options: EvaluateOptions): Uint32Array[] {
  const windows: Uint32Array[] = [];
  for (const text of options.texts) {
    const tokens = options.tokenizer.encode(text);
    const length = options.windowTokens ?? Math.max(1, tokens.length);
    for (let begin = 0; begin < tokens.length; begin += length) {
      windows.push(tokens.slice(begin, begin + length));
    }
  }
  return windows;
}

function pick(windows: Uint32Array[], most: number | undefined): Uint32Array[] {
  if (most === undefined || windows.length <= most) return windows;
  return Array.from(
    { length: most },
    (_, index) => windows[Math.floor((index * windows.length) / most)],
  ).filter((window) => window !== undefined);
}
