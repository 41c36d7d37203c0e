/**
 * Sums over scored tokens, and the figures that follow from them. Bits per byte = Σ -log2 p / UTF-8 bytes of the scored
 * text, which does not depend on the vocabulary; shares are of tokens, which do.
 */

export interface ScoreSums {
  windows: number;
  tokens: number;
  bytes: number;
  bits: number;
  /** Tokens that were the most probable one. */
  first: number;
  /** Tokens among the five most probable ones, and tokens for which that was asked. */
  amongFive: number;
  ranked: number;
  /** Over windows: Σ bits², Σ bits · bytes, Σ bytes². */
  bitsBits: number;
  bitsBytes: number;
  bytesBytes: number;
}

export interface BitsFigures {
  readonly windows: number;
  readonly tokens: number;
  readonly bytes: number;
  readonly bitsPerByte: number;
  /** The standard error of `bitsPerByte`, from the spread between windows: √Σ(bits - r · bytes)² / Σ bytes, the ratio estimator's. */
  readonly standardError: number;
  /** Share of tokens that were the most probable one. */
  readonly top1: number;
  /** Share of tokens among the five most probable ones; undefined where ranks were not asked for. */
  readonly top5: number | undefined;
}

export function emptySums(): ScoreSums {
  const sums = { windows: 0, tokens: 0, bytes: 0, bits: 0, first: 0, amongFive: 0, ranked: 0 };
  return { ...sums, bitsBits: 0, bitsBytes: 0, bytesBytes: 0 };
}

/** The sums of one window. */
export function windowSums(
  window: Pick<ScoreSums, "tokens" | "bytes" | "bits" | "first" | "amongFive" | "ranked">,
): ScoreSums {
  const { bits, bytes } = window;
  return { ...window, windows: 1, bitsBits: bits * bits, bitsBytes: bits * bytes, bytesBytes: bytes * bytes };
}

export function addSums(to: ScoreSums, from: Readonly<ScoreSums>): void {
  to.windows += from.windows;
  to.tokens += from.tokens;
  to.bytes += from.bytes;
  to.bits += from.bits;
  to.first += from.first;
  to.amongFive += from.amongFive;
  to.ranked += from.ranked;
  to.bitsBits += from.bitsBits;
  to.bitsBytes += from.bitsBytes;
  to.bytesBytes += from.bytesBytes;
}

/** Undefined where nothing was scored. */
export function figuresOf(sums: Readonly<ScoreSums>): BitsFigures | undefined {
  const { windows, tokens, bytes, bits, first, amongFive, ranked } = sums;
  if (bytes === 0) return undefined;
  const bitsPerByte = bits / bytes;
  const squares = sums.bitsBits - 2 * bitsPerByte * sums.bitsBytes + bitsPerByte ** 2 * sums.bytesBytes;
  const standardError = Math.sqrt(Math.max(0, squares)) / bytes;
  const top5 = ranked === 0 ? undefined : amongFive / ranked;
  return { windows, tokens, bytes, bitsPerByte, standardError, top1: first / tokens, top5 };
}

/** The unweighted mean; undefined of nothing. */
export function meanOf(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
}
