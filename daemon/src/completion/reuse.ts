/**
 * Typing what was proposed: as long as the text typed is how the newest proposal begins, the rest of it is the answer,
 * at once and without the engine. Pure.
 */

import { closersRightOf, lastLine } from "./lines.js";
import type { Proposal } from "./postprocess/filter.js";
import { closersWritten } from "./postprocess/runOverClosers.js";

export interface Answered extends Proposal {
  /** Document text before and after the cursor that the proposal was made for. */
  readonly prefix: string;
  readonly suffix: string;
  readonly adapterVersion: number;
  /** Hash of the model. */
  readonly model: string;
}

export interface Asked {
  readonly prefix: string;
  readonly suffix: string;
  readonly adapterVersion: number;
  /** Hash of the model. */
  readonly model: string;
}

/** undefined: the engine must be asked. */
export function reuse(answered: Answered, asked: Asked): Proposal | undefined {
  if (asked.model !== answered.model || asked.adapterVersion !== answered.adapterVersion) return undefined;
  if (!asked.prefix.startsWith(answered.prefix)) return undefined;
  const typed = asked.prefix.slice(answered.prefix.length);
  if (!answered.text.startsWith(typed)) return undefined;
  const text = answered.text.slice(typed.length);
  if (text === "") return undefined;
  if (typed === "") {
    return asked.suffix === answered.suffix ? { text, replaces: answered.replaces } : undefined;
  }
  if (!isSameBelow(answered.suffix, asked.suffix)) return undefined;
  const closers = closersRightOf(asked.suffix);
  const replaces = closersWritten(text, { closers, line: lastLine(asked.prefix) });
  // A bracket that an editor has closed meanwhile must be one that the rest of the proposal closes too.
  const isLeftOver = asked.suffix.length - replaces > answered.suffix.length - answered.replaces;
  return isLeftOver ? undefined : { text, replaces };
}

/** But for brackets that the editor closed when one was typed, or that were typed over. */
function isSameBelow(before: string, now: string): boolean {
  const beforeRest = before.slice(closersRightOf(before).length);
  const nowRest = now.slice(closersRightOf(now).length);
  return beforeRest === nowRest;
}
