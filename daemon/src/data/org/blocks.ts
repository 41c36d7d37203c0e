/**
 * Blocks, `#+begin_src ts` … `#+end_src` of any name: plain text of a message, but for the comma that keeps a line of
 * theirs from being read as Org. In either case, as in Org and orgparse.
 *
 * Emacs puts a comma before every line of a block that begins, after any indentation and commas, with `*` or `#+`;
 * here the last of those commas is taken away again. Outside blocks a comma is a comma.
 */

interface Blocks {
  /** By line: strictly between the two lines of a block. */
  readonly isInside: readonly boolean[];
  /** Lines that open a block nothing closes, or close one that nothing opened; they are text. */
  readonly unmatched: readonly number[];
}

const BEGIN = /^[ \t]*#\+begin_(\S+)(?:[ \t].*)?$/is;
const END = /^[ \t]*#\+end_(\S+)[ \t]*$/i;
const ESCAPED = /^([ \t]*,*),(\*|#\+)/;

/** Blocks do not nest: up to its end, everything in a block is its text. */
export function blocksOf(lines: readonly string[]): Blocks {
  const ends = endsOf(lines);
  const isInside: boolean[] = [];
  const unmatched: number[] = [];
  let openUntil = -1;
  for (const [index, line] of lines.entries()) {
    isInside.push(index < openUntil);
    if (index <= openUntil) continue;
    const end = ends[index];
    if (end !== undefined) openUntil = end;
    else if (BEGIN.test(line) || END.test(line)) unmatched.push(index);
  }
  return { isInside, unmatched };
}

/** The line that would end a block begun in each line, found from the back, so that time grows with the text alone. */
function endsOf(lines: readonly string[]): readonly (number | undefined)[] {
  const nextEnd = new Map<string, number>();
  const ends = lines.map((): number | undefined => undefined);
  for (let index = lines.length - 1; index >= 0; index--) {
    const line = lines[index] ?? "";
    const begun = BEGIN.exec(line)?.[1];
    if (begun !== undefined) ends[index] = nextEnd.get(begun.toLowerCase());
    const ended = END.exec(line)?.[1];
    if (ended !== undefined) nextEnd.set(ended.toLowerCase(), index);
  }
  return ends;
}

export function unescaped(line: string): string {
  return line.replace(ESCAPED, "$1$2");
}
