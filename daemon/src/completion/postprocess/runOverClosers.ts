/**
 * An editor closes brackets and quotes as they are opened: the cursor stands within `f(║)` when the model writes
 * `a, b);`. Inserted as it is, that would leave a stray bracket behind; so the candidate takes the place of those right
 * of the cursor that it writes itself, and the cursor comes to stand after them.
 */

import { closersRightOf, lastLine } from "../lines.js";
import { type Mark, unpairedMarks } from "./brackets.js";
import type { Filter } from "./filter.js";

export const runOverClosers: Filter = (candidate, { prefix, suffix }) => {
  const closers = closersRightOf(suffix);
  if (closers === "") return candidate;
  const replaces = closersWritten(candidate.text, { closers, line: lastLine(prefix) });
  if (replaces > 0 && candidate.text === closers.slice(0, replaces)) return undefined;
  return { ...candidate, replaces };
};

/** How many of `closers` the text writes itself. `line`: what stands before it. */
export function closersWritten(
  text: string,
  around: { readonly closers: string; readonly line: string },
): number {
  const { closers, line } = around;
  const { unopened, quotes } = unpairedMarks(text);
  const marks = [...unopened, ...quotes, ...endMark(text)].sort((a, b) => a.at - b.at);
  // Of what the line has opened, the text may close what the brackets right of it do not.
  let spare = unopened.length + bracketCount(closers) - unpairedMarks(line).unclosed.length;
  let count = 0;
  for (const { character } of marks) {
    if (character !== closers[count]) continue;
    if (bracketCount(character) > 0 && spare-- <= 0) break;
    count++;
  }
  return count;
}

function endMark(text: string): readonly Mark[] {
  const end = text.trimEnd().length - 1;
  const character = text.charAt(end);
  return character === ";" || character === "," ? [{ at: end, character }] : [];
}

function bracketCount(closers: string): number {
  return closers.replaceAll(/[^)\]}]/g, "").length;
}
