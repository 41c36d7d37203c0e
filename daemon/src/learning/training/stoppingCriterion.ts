/** Whether a correction has been learned, from how the model scores its tokens. Pure. */

import type { Score } from "../../engine/engine.js";
import type { CorrectionRecord } from "../../journal/records.js";
import type { Example } from "./example.js";

export interface SpanScore {
  /** Mean nats per tested token. */
  readonly loss: number;
  /** Smallest lead, in nats, of a tested token before the best other one; negative: some other token wins. */
  readonly margin: number;
  /** Index into the wanted tokens of the first one before the span that would no longer be written. */
  readonly beginningLostAt: number | undefined;
}

/**
 * What stands before the span is not pushed apart like the span; it need only win. This is the room for the last
 * digits, in which reading a text at once and writing it token by token may differ.
 */
const BEGINNING_MARGIN_NATS = 0.05;

export function spanScore(score: Score, example: Example): SpanScore {
  let sum = 0;
  let margin = Number.POSITIVE_INFINITY;
  for (let position = example.testedFrom; position < example.testedTo; position++) {
    sum -= score.logProbabilities[position] ?? Number.NaN;
    margin = Math.min(margin, score.margins[position] ?? Number.NaN);
  }
  let beginningLostAt: number | undefined;
  for (let position = example.start; position < example.testedFrom; position++) {
    if ((score.margins[position] ?? Number.NaN) > BEGINNING_MARGIN_NATS) continue;
    beginningLostAt = position - example.start;
    break;
  }
  return { loss: sum / (example.testedTo - example.testedFrom), margin, beginningLostAt };
}

export function hasNumbers({ loss, margin }: SpanScore): boolean {
  return Number.isFinite(loss) && Number.isFinite(margin);
}

export interface Goal {
  readonly aim: CorrectionRecord["aim"];
  readonly marginNats: number;
}

/**
 * A text that was read need not come out word for word: that would take many passes and cost the model what it knew
 * before. At this many nats per token it is well known; then further passes are left out.
 */
const READ_LOSS_NATS = 0.5;

/** No further step is needed. */
export function isLearned(score: SpanScore, { aim, marginNats }: Goal): boolean {
  if (aim === "read") return score.loss <= READ_LOSS_NATS;
  return score.beginningLostAt === undefined && score.margin >= marginNats;
}

/** Worth keeping: the wanted text comes out; of a text to be read, more is known than before. */
export function isAchieved(options: {
  readonly aim: Goal["aim"];
  readonly before: SpanScore;
  readonly after: SpanScore;
  readonly matches: boolean;
}): boolean {
  return options.aim === "read" ? options.after.loss < options.before.loss : options.matches;
}
