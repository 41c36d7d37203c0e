/**
 * Which brackets and quotes of a piece of code have no partner within it. Knows no language: a quote opens a string
 * only where another one closes it on the same line, which leaves an apostrophe in a comment in peace; a bracket that
 * was never closed does not stand in the way of those around it.
 */

export interface Mark {
  readonly at: number;
  readonly character: string;
}

interface Unpaired {
  readonly unopened: readonly Mark[];
  readonly unclosed: readonly Mark[];
  /** Quotes that no other one on their line closes. */
  readonly quotes: readonly Mark[];
}

const OPENERS = new Map([
  [")", "("],
  ["]", "["],
  ["}", "{"],
]);
const STRING = /(["'`])(?:\\[^\n]|(?!\1)[^\\\n])*\1/gy;

export function unpairedMarks(text: string): Unpaired {
  const unopened: Mark[] = [];
  const unclosed: Mark[] = [];
  const quotes: Mark[] = [];
  for (let at = 0; at < text.length; at++) {
    const mark = { at, character: text.charAt(at) };
    if (`"'\``.includes(mark.character)) {
      STRING.lastIndex = at;
      const string = STRING.exec(text)?.[0];
      if (string === undefined) quotes.push(mark);
      else at += string.length - 1;
    } else if ("([{".includes(mark.character)) {
      unclosed.push(mark);
    } else if (OPENERS.has(mark.character) && !close(unclosed, mark)) {
      unopened.push(mark);
    }
  }
  return { unopened, unclosed, quotes };
}

/** Takes the opener that `mark` closes from `unclosed`, and those opened after it; false: there is none. */
export function close(unclosed: Mark[], mark: Mark): boolean {
  const opener = OPENERS.get(mark.character);
  const index = unclosed.findLastIndex(({ character }) => character === opener);
  if (index < 0) return false;
  unclosed.length = index;
  return true;
}
