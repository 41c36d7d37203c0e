/**
 * Cuts what stands right of or below the cursor already. Closing brackets that an editor put there are not its affair:
 * `runOverClosers.ts` is for them.
 */

import { filledLinesBelow, isBlank, isClosers, lastLine, restOfLine } from "../lines.js";
import { type Candidate, cutTo, type Filter, type FilterContext } from "./filter.js";

export const cutSuffix: Filter = (candidate, context) => {
  const rest = restOfLine(context.suffix).trimEnd();
  return isClosers(rest) ? cutLinesBelow(candidate, context) : cutRest(candidate, rest);
};

/** As often as it is written: what the cursor stands before is there once. */
function cutRest(candidate: Candidate, rest: string): Candidate | undefined {
  let cut = candidate;
  for (;;) {
    const text = cut.text.trimEnd();
    if (rest.startsWith(text)) return undefined;
    if (!text.endsWith(rest)) return cut;
    cut = cutTo(cut, text.length - rest.length);
  }
}

/** Cuts before the first line from which on the text is how the lines below begin. */
function cutLinesBelow(candidate: Candidate, { prefix, suffix }: FilterContext): Candidate | undefined {
  const lines = candidate.text.split("\n");
  const below = filledLinesBelow(suffix, lines.length);
  const [first = "", ...more] = lines;
  let length = -1;
  for (const [at, line] of lines.entries()) {
    const ahead = at === 0 ? [lastLine(prefix) + first, ...more] : lines.slice(at);
    if (!isBlank(line) && isBeginning(ahead, below)) return at === 0 ? undefined : cutTo(candidate, length);
    length += 1 + line.length;
  }
  return candidate;
}

function isBeginning(lines: readonly string[], below: readonly string[]): boolean {
  const filled = lines.filter((line) => !isBlank(line));
  return filled.length <= below.length && filled.every((line, at) => line.trimEnd() === below[at]?.trimEnd());
}
