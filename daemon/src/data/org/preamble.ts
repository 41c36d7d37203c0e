/**
 * What an Org file says about itself before its first headline: the words that are roles, and its role map.
 *
 *   #+TODO: SYSTEM REQUEST RESPONSE | CANCELED      may stand several times, its words add up; after `|`: done words
 *   #+ROLEMAP: embedded                             the last one counts
 *
 * As in Org and in orgparse, keywords are read in either case, may be indented, and SEQ_TODO and TYP_TODO mean TODO.
 * Unlike there, keywords below a headline are text: what one sample teaches must not change what the others say.
 */

import { blocksOf } from "./blocks.js";

interface Preamble {
  readonly words: TodoWords;
  /** Absent where the file names none: then it is for whatever model is in use. */
  readonly roleMapName: string | undefined;
}

/** Written as in the file. A word declared as both is done: what may have been put aside is not taught. */
export interface TodoWords {
  readonly active: ReadonlySet<string>;
  readonly done: ReadonlySet<string>;
}

const KEYWORD = /^[ \t]*#\+([^\s:]+):(.*)$/s;

export function readPreamble(lines: readonly string[]): Preamble {
  const active = new Set<string>();
  const done = new Set<string>();
  let roleMapName: string | undefined;
  const { isInside } = blocksOf(lines);
  for (const [index, line] of lines.entries()) {
    const [, key = "", value = ""] = (isInside[index] ? undefined : KEYWORD.exec(line)) ?? [];
    switch (key.toUpperCase()) {
      case "TODO":
      case "SEQ_TODO":
      case "TYP_TODO": {
        const bar = value.includes("|") ? value.indexOf("|") : value.length;
        for (const word of wordsOf(value.slice(0, bar))) active.add(word);
        for (const word of wordsOf(value.slice(bar + 1))) done.add(word);
        break;
      }
      case "ROLEMAP":
        roleMapName = value.trim();
        break;
    }
  }
  return { words: { active, done }, roleMapName };
}

/** `REPORT(r)` gives Emacs a key to press; the word is REPORT. */
function wordsOf(value: string): readonly string[] {
  return value
    .split(/\s+/)
    .map((word) => word.replace(/\(.*$/s, ""))
    .filter((word) => word !== "");
}
