/**
 * Typing what was proposed: as long as the text typed is how the newest candidate begins, the rest of it is the answer,
 * at once and without the engine. Pure.
 */

import { closersRightOf, lastLine } from "./lines.js";
import type { Candidate } from "./postprocess/filter.js";
import { closersWritten } from "./postprocess/runOverClosers.js";

/** A cursor, and who would write there. */
export interface WritingContext {
  /** Document text before and after the cursor. */
  readonly prefix: string;
  readonly suffix: string;
  readonly adapterVersion: number;
  /** How many lessons that adapter holds: one that the model knew already is a lesson without a new version. */
  readonly lessons: number;
  /** Hash of the model. */
  readonly model: string;
}

/** `shown`: the candidate, and what it was made for. undefined: the engine must be asked. */
export function reuse(shown: Candidate & WritingContext, now: WritingContext): Candidate | undefined {
  if (now.model !== shown.model || now.adapterVersion !== shown.adapterVersion) return undefined;
  if (now.lessons !== shown.lessons) return undefined;
  if (!now.prefix.startsWith(shown.prefix)) return undefined;
  const typed = now.prefix.slice(shown.prefix.length);
  if (!shown.text.startsWith(typed)) return undefined;
  const text = shown.text.slice(typed.length);
  if (text === "") return undefined;
  if (typed === "") {
    return now.suffix === shown.suffix ? { text, replaces: shown.replaces } : undefined;
  }
  if (!isSameBelow(shown.suffix, now.suffix)) return undefined;
  const closers = closersRightOf(now.suffix);
  const replaces = closersWritten(text, { closers, line: lastLine(now.prefix) });
  // A bracket that an editor has closed meanwhile must be one that the rest of the candidate closes too.
  const isLeftOver = now.suffix.length - replaces > shown.suffix.length - shown.replaces;
  return isLeftOver ? undefined : { text, replaces };
}

/** But for brackets that the editor closed when one was typed, or that were typed over. */
function isSameBelow(before: string, now: string): boolean {
  const beforeRest = before.slice(closersRightOf(before).length);
  const nowRest = now.slice(closersRightOf(now).length);
  return beforeRest === nowRest;
}
