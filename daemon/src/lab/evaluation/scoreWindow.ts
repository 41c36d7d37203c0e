/** One window, teacher-forced: what its tokens cost, all of them and those late in it. */

import type { Cancelled, Model, Tokenizer } from "../../engine/engine.js";
import { concatenate } from "../../prompt/encodeText.js";
import type { RankTokens } from "./ranks.js";
import { emptySums, type ScoreSums, windowSums } from "./scoreSums.js";
import type { TextWindow } from "./windows.js";

interface ScoredWindow {
  readonly kind: "finished";
  readonly all: ScoreSums;
  /** Sums over the tokens from position `lateFrom` of the window on. */
  readonly late: ScoreSums;
}

interface ScoreWindowOptions {
  readonly model: Pick<Model, "score" | "zeroState">;
  readonly tokenizer: Pick<Tokenizer, "decodeBytes">;
  readonly window: TextWindow;
  readonly lateFrom: number;
  /** Without it, ranks are not counted. */
  readonly rank?: RankTokens | undefined;
  readonly signal: AbortSignal;
}

const FIVE = 5;

export async function scoreWindow(options: ScoreWindowOptions): Promise<ScoredWindow | Cancelled> {
  const { model, tokenizer, window, lateFrom, rank, signal } = options;
  const { header, tokens: text } = window;
  const tokens = concatenate([header, text]);
  const score = await model.score({ state: model.zeroState(), tokens, signal });
  if (score.kind === "cancelled") return score;
  // Entry i scores token i + 1: the first text token's is the last of the header.
  const first = header.length - 1;
  const ranks = rank?.(tokens);
  const sumsFrom = (from: number): ScoreSums => {
    if (from >= text.length) return emptySums();
    const sums = { bits: 0, first: 0, amongFive: 0 };
    for (let at = from; at < text.length; at++) {
      sums.bits -= (score.logProbabilities[first + at] ?? 0) / Math.LN2;
      if (score.best[first + at] === text[at]) sums.first++;
      if (ranks !== undefined && (ranks[first + at] ?? FIVE) < FIVE) sums.amongFive++;
    }
    const count = text.length - from;
    const bytes = tokenizer.decodeBytes(text.subarray(from)).length;
    return windowSums({ ...sums, tokens: count, bytes, ranked: ranks === undefined ? 0 : count });
  };
  return { kind: "finished", all: sumsFrom(0), late: sumsFrom(lateFrom) };
}
