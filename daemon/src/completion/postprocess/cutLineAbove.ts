/** Cuts before a line that repeats the line above it, letter for letter. */

import { lastLine, lineAbove } from "../lines.js";
import { cutTo, type Filter } from "./filter.js";

export const cutLineAbove: Filter = (candidate, { prefix }) => {
  const [first = "", ...more] = candidate.text.split("\n");
  let above = lineAbove(prefix);
  let line = lastLine(prefix) + first;
  // A line to which nothing is added was there before.
  if (/\w/.test(first) && line === above) return undefined;
  let length = first.length;
  for (const next of more) {
    above = line;
    line = next;
    if (/\w/.test(line) && line === above) return cutTo(candidate, length);
    length += 1 + line.length;
  }
  return candidate;
};
