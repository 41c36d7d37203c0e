/** What a post-processing filter is: a pure function from a proposal to the same or a shorter one, or to nothing. */

import type { Confidence } from "../confidence.js";

export interface Proposal {
  readonly text: string;
  /** UTF-16 units right of the cursor that `text` takes the place of. */
  readonly replaces: number;
}

export interface FilterContext extends Confidence {
  /** Document text before and after the cursor. */
  readonly prefix: string;
  readonly suffix: string;
}

/**
 * Never lengthens a text, gives the same when applied again, throws on no text. undefined: nothing of it is worth
 * showing.
 */
export type Filter = (proposal: Proposal, context: FilterContext) => Proposal | undefined;

/** The proposal with no more than the first `length` units of its text. */
export function cutTo(proposal: Proposal, length: number): Proposal {
  return length >= proposal.text.length ? proposal : { ...proposal, text: proposal.text.slice(0, length) };
}
