/** What a post-processing filter is: a pure function from a candidate to the same or a shorter one, or to nothing. */

import type { Confidence } from "../confidence.js";

export interface Candidate {
  readonly text: string;
  /** UTF-16 units right of the cursor that `text` takes the place of. */
  readonly replaces: number;
}

export interface FilterContext extends Confidence {
  /** Document text before and after the cursor. */
  readonly prefix: string;
  readonly suffix: string;
  /** The text is one that was taught in this project, to its end. */
  readonly isTaught: boolean;
}

/**
 * Never lengthens a text, gives the same when applied again, throws on no text. undefined: nothing of it is worth
 * showing.
 */
export type Filter = (candidate: Candidate, context: FilterContext) => Candidate | undefined;

/** The candidate with no more than the first `length` units of its text. */
export function cutTo(candidate: Candidate, length: number): Candidate {
  return length >= candidate.text.length
    ? candidate
    : { ...candidate, text: candidate.text.slice(0, length) };
}
