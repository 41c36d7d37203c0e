/**
 * Which earlier corrections are trained again along with a new one, so that it does not overwrite them. Pure.
 * Without replay a stream of 29 corrections kept half of them with low-rank matrices; with three per step, most.
 */

import { drawDistinct } from "../../base/random.js";
import type { CorrectionRecord } from "../../journal/records.js";

export interface Earlier {
  readonly correction: CorrectionRecord;
  /** Where its span began when it was learned. */
  readonly spanStart: number;
}

/**
 * Each candidate costs one reading of its prompt per event; a draw from more than these would read more prompts
 * than the training itself costs.
 */
const POOL_MAX = 16;
/** Two corrections after the same text contradict each other: then only the newer one is meant. */
const CONTEXT_TOKENS = 32;

/** The corrections to draw from: a seeded sample of `earlier` (oldest first) without superseded ones. */
export function replayPool(options: {
  readonly earlier: readonly Earlier[];
  /** The new one. */
  readonly correction: CorrectionRecord;
  readonly random: () => number;
}): Earlier[] {
  const seen = new Set([contextOf(options.correction)]);
  const valid: Earlier[] = [];
  for (const each of options.earlier.toReversed()) {
    const context = contextOf(each.correction);
    if (!seen.has(context)) valid.push(each);
    seen.add(context);
  }
  return drawDistinct({ random: options.random, items: valid.reverse(), count: POOL_MAX });
}

function contextOf(correction: CorrectionRecord): string {
  return correction.prompt.tokens.slice(-CONTEXT_TOKENS).join(" ");
}
