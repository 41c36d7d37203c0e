/** The held-out text by which a run is watched: the same windows at every measurement, so that losses compare. */

import type { TokenisedSplit } from "./tokenisedCorpus.js";

/** `count` plain windows spread evenly over the held-out documents. */
export function validationWindows(options: {
  readonly split: TokenisedSplit;
  readonly contextTokens: number;
  readonly count: number;
}): Uint32Array[] {
  const { split, contextTokens, count } = options;
  const last = split.tokens.length - contextTokens - 1;
  if (last < 0) return [];
  return Array.from({ length: count }, (_, index) => {
    const start = Math.floor((index * last) / Math.max(1, count - 1));
    return Uint32Array.from(split.tokens.subarray(start, start + contextTokens + 1));
  });
}
