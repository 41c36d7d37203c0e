/**
 * One headline: `** REQUEST [#A] Is this check needed?   :train:`. Every part but the stars may be missing.
 *
 * A line is a headline by `*`s in its first column and a space, whatever stands around it. Only declared words are
 * read as such, in the case they were declared in; any other word is the title's.
 */

import type { TodoWords } from "./preamble.js";

export interface Headline {
  /** The number of stars. */
  readonly level: number;
  readonly word: string | undefined;
  /** The word was declared after the `|`. */
  readonly isDone: boolean;
  readonly priority: string | undefined;
  readonly title: string;
  readonly tags: readonly string[];
}

const STARS = /^(\*+) (.*)$/s;
/** Org's own: letters, digits, `_@#%`. A space must stand before them, so that `std::map:` stays in a title. */
const TAGS = /(?:^|[ \t]):((?:[\p{L}\p{N}_@#%]+:)+)$/u;
const PRIORITY = /^[ \t]*\[#([A-Z0-9])\](.*)$/s;

export function isHeadline(line: string): boolean {
  return STARS.test(line);
}

export function readHeadline(line: string, words: TodoWords): Headline {
  const [, stars = "", content = ""] = STARS.exec(line) ?? [];
  const { rest: tagless, tags } = cutTags(content.trim());
  const { rest: wordless, word } = cutWord(tagless, words);
  const [, priority, title = wordless] = PRIORITY.exec(wordless) ?? [];
  return {
    level: stars.length,
    word,
    isDone: word !== undefined && words.done.has(word),
    priority,
    title: title.trim(),
    tags,
  };
}

function cutTags(content: string): { readonly rest: string; readonly tags: readonly string[] } {
  const match = TAGS.exec(content);
  if (match === null) return { rest: content, tags: [] };
  const tags = (match[1] ?? "").split(":").filter((tag) => tag !== "");
  return { rest: content.slice(0, match.index).trimEnd(), tags };
}

/** A space, not a tab, ends a word: so do Org and orgparse. */
function cutWord(content: string, { active, done }: TodoWords): { rest: string; word: string | undefined } {
  const space = content.indexOf(" ");
  const word = space < 0 ? content : content.slice(0, space);
  if (!active.has(word) && !done.has(word)) return { rest: content, word: undefined };
  return { rest: content.slice(word.length + 1), word };
}
