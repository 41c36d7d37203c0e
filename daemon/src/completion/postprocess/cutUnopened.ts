/** Cuts before a bracket that closes what neither the text before the cursor nor the candidate has opened. */

import { close, unpairedMarks } from "./brackets.js";
import { cutTo, type Filter } from "./filter.js";

/** Text before the cursor that is looked at. What was opened further up is not known, so then nothing is cut. */
const NEAR_CHARACTERS = 16_384;

export const cutUnopened: Filter = (candidate, { prefix }) => {
  if (prefix.length > NEAR_CHARACTERS) return candidate;
  const { unopened } = unpairedMarks(candidate.text);
  if (unopened.length === 0) return candidate;
  const unclosed = [...unpairedMarks(prefix).unclosed];
  const stray = unopened.find((mark) => !close(unclosed, mark));
  return stray === undefined ? candidate : cutTo(candidate, stray.at);
};
