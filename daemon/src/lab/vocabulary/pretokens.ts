/**
 * Cuts text into the pieces within which the vocabulary may learn tokens: newlines with the indentation after them,
 * a word with one space before it, single digits, runs of punctuation with one space before them, other blanks.
 * No piece has a newline but at its start, so no token ever joins two lines. Pieces concatenate to the text.
 */

const PIECE =
  /\n+[ \t]*| ?[\p{L}\p{M}_]+| ?\p{N}| ?[^\s\p{L}\p{M}\p{N}_]+|[^\S\n]+?(?= ?[^\s])|[^\S\n]+|\s/gu;

export function pretokens(text: string): string[] {
  return text.match(PIECE) ?? [];
}
