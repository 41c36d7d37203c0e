/** Whether a correction has been learned, from how its tokens fare. Pure. */

import type { Score } from "../engine/engine.js";
import type { CorrectionRecord } from "../journal/records.js";
import type { Example } from "./example.js";

export interface Fare {
  /** Mean nats per tested token. */
  readonly loss: number;
  /** Smallest lead, in nats, of a tested token before the best other one; negative: some other token wins. */
  readonly margin: number;
  /** Index into the wanted tokens of the first one in the unchanged lead that would no longer be written. */
  readonly leadLostAt: number | undefined;
}

/**
 * The lead is not pushed apart like the span; it need only win. This is the room for the last digits, in which
 * reading a text at once and writing it token by token may differ.
 */
const LEAD_MARGIN_NATS = 0.05;

export function fareOf(score: Score, example: Example): Fare {
  let sum = 0;
  let margin = Number.POSITIVE_INFINITY;
  for (let position = example.testedFrom; position < example.testedTo; position++) {
    sum -= score.logProbabilities[position] ?? Number.NaN;
    margin = Math.min(margin, score.margins[position] ?? Number.NaN);
  }
  let leadLostAt: number | undefined;
  for (let position = example.start; position < example.testedFrom; position++) {
    if ((score.margins[position] ?? Number.NaN) > LEAD_MARGIN_NATS) continue;
    leadLostAt = position - example.start;
    break;
  }
  return { loss: sum / (example.testedTo - example.testedFrom), margin, leadLostAt };
}

type Aim = CorrectionRecord["aim"];

/**
 * A text that was read need not come out word for word: that would take many passes and cost the model what it knew
 * before. At this many nats per token it is well known; then further passes are left out.
 */
const READ_LOSS_NATS = 0.5;

/** No further step is needed. */
export function isLearned(
  fare: Fare,
  { aim, marginNats }: { readonly aim: Aim; readonly marginNats: number },
) {
  if (aim === "read") return fare.loss <= READ_LOSS_NATS;
  return fare.leadLostAt === undefined && fare.margin >= marginNats;
}

/** Worth keeping: the wanted text comes out; of a text to be read, more is known than before. */
export function isAchieved(options: {
  readonly aim: Aim;
  readonly before: Fare;
  readonly after: Fare;
  readonly matches: boolean;
}): boolean {
  return options.aim === "read" ? options.after.loss < options.before.loss : options.matches;
}
