/** The lines round a cursor. Pure, and quick however long the document is. */

/** Text of the cursor's line that stands before it. */
export function lastLine(prefix: string): string {
  return prefix.slice(prefix.lastIndexOf("\n") + 1);
}

/** So much of a cursor's line and of the text after it is remembered with a lesson: far more than a taught text has. */
const LINE_UNITS_MAX = 4096;
const SUFFIX_UNITS_MAX = 8192;

/**
 * As much of the text round a cursor as decides how a taught text is shown there. Copies, for a part of a string keeps
 * the whole of it in memory.
 */
export function nearby({ prefix, suffix }: { readonly prefix: string; readonly suffix: string }) {
  return {
    prefix: copyOf(lastLine(prefix).slice(-LINE_UNITS_MAX)),
    suffix: copyOf(suffix.slice(0, SUFFIX_UNITS_MAX)),
  };
}

function copyOf(text: string): string {
  return Buffer.from(text, "utf16le").toString("utf16le");
}

/** The line above the cursor's. */
export function lineAbove(prefix: string): string | undefined {
  const end = prefix.lastIndexOf("\n");
  if (end < 0) return undefined;
  const start = end === 0 ? 0 : prefix.lastIndexOf("\n", end - 1) + 1;
  return withoutReturn(prefix.slice(start, end));
}

/** Text of the cursor's line that stands after it, without the line end. */
export function restOfLine(suffix: string): string {
  const end = suffix.indexOf("\n");
  return withoutReturn(end < 0 ? suffix : suffix.slice(0, end));
}

/** The first lines below the cursor's that are not blank. */
export function filledLinesBelow(suffix: string, linesMax: number): readonly string[] {
  const lines: string[] = [];
  let end = suffix.indexOf("\n");
  while (end >= 0 && lines.length < linesMax) {
    const next = suffix.indexOf("\n", end + 1);
    const line = next < 0 ? suffix.slice(end + 1) : suffix.slice(end + 1, next);
    if (!isBlank(line)) lines.push(withoutReturn(line));
    end = next;
  }
  return lines;
}

export function indentationOf(line: string): string {
  return /^[^\S\n]*/.exec(line)?.[0] ?? "";
}

export function isBlank(text: string): boolean {
  return !/\S/.test(text);
}

/** Brackets and quotes that an editor closes by itself, and what ends a statement or an item. */
const CLOSERS = /^[)\]}>"'`;,\s]*$/;

export function isClosers(text: string): boolean {
  return CLOSERS.test(text);
}

/** The closers with which the text right of the cursor begins, up to the first blank. */
export function closersRightOf(suffix: string): string {
  return /^[)\]}"'`;,]*/.exec(suffix)?.[0] ?? "";
}

function withoutReturn(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}
