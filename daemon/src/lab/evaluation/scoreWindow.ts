/** One window, teacher-forced: what its tokens cost, all of them and those late in it. */

import type { Cancelled, Model, Tokenizer } from "../../engine/engine.js";
import { concatenate } from "../../prompt/encodeText.js";
import type { RankTokens } from "./ranks.js";
import { emptyTally, type Tally, tallyOf } from "./tally.js";
import type { TextWindow } from "./windows.js";

interface ScoredWindow {
  readonly kind: "finished";
  readonly all: Tally;
  /** Sums over the tokens from position `lateFrom` of the window on. */
  readonly late: Tally;
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
  const tallyFrom = (from: number): Tally => {
    if (from >= text.length) return emptyTally();
    const sums = { bits: 0, first: 0, amongFive: 0 };
    for (let at = from; at < text.length; at++) {
      sums.bits -= (score.logProbabilities[first + at] ?? 0) / Math.LN2;
      if (score.best[first + at] === text[at]) sums.first++;
      if (ranks !== undefined && (ranks[first + at] ?? FIVE) < FIVE) sums.amongFive++;
    }
    const count = text.length - from;
    const bytes = tokenizer.decodeBytes(text.subarray(from)).length;
    return tallyOf({ ...sums, tokens: count, bytes, ranked: ranks === undefined ? 0 : count });
  };
  return { kind: "finished", all: tallyFrom(0), late: tallyFrom(lateFrom) };
}
