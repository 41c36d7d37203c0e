/**
 * How many tokens a model preferred to the right one. The engine's scores show only whether there was any; the ranks
 * below come from rows of logits, which the inspect facade copies out: synchronous, and the matrices a second time in
 * memory, but the same network with the same type of weights as the one that serves.
 */

import { nativeInspector } from "@ouroboros/native/inspect";
import type { WeightType } from "../../engine/engine.js";

/** For t in 1..tokens.length-1: the number of tokens with a higher logit than `tokens[t]`, given all before it. */
export type RankTokens = (tokens: Uint32Array) => Uint32Array;

/** Logits of one block of rows: keeps a large vocabulary's logits within 64 MiB. */
const LOGITS_MAX = 16 * 1024 * 1024;

/** Throws EngineError as loading a model does. */
export function createRanker(options: {
  readonly path: string;
  readonly weights: WeightType;
  readonly threads: number;
  /** Tokens read at once; default: as many as keep the logits within bounds. */
  readonly rowsMax?: number;
}): RankTokens {
  const { path, weights, threads } = options;
  const model = nativeInspector().openInspect({ path, threads });
  const { vocabularySize } = model.info;
  const rowsMax = options.rowsMax ?? Math.max(1, Math.floor(LOGITS_MAX / vocabularySize));
  return (tokens) => {
    const ranks = new Uint32Array(Math.max(0, tokens.length - 1));
    let state: ReturnType<typeof model.logits>["state"] | undefined;
    for (let begin = 0; begin < ranks.length; begin += rowsMax) {
      const end = Math.min(ranks.length, begin + rowsMax);
      const read = model.logits({
        tokens: tokens.slice(begin, end),
        mode: "sequence",
        weights,
        ...(state === undefined ? {} : { state }),
      });
      ({ state } = read);
      for (let at = begin; at < end; at++) {
        const row = read.logits.subarray((at - begin) * vocabularySize, (at - begin + 1) * vocabularySize);
        ranks[at] = rankIn(row, tokens[at + 1] ?? 0);
      }
    }
    return ranks;
  };
}

/** The number of entries greater than the one at `target`. */
export function rankIn(row: Float32Array, target: number): number {
  const limit = row[target] ?? Number.POSITIVE_INFINITY;
  let rank = 0;
  for (let at = 0; at < row.length; at++) if ((row[at] ?? limit) > limit) rank++;
  return rank;
}
