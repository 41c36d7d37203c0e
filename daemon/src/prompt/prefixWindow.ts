/**
 * How much of the text before the cursor a prompt holds, and from where on.
 *
 * The obvious window, the last N tokens, slides with every character: its first token is never what it was one
 * keystroke ago, so nothing that was read then could be used again. This one begins at a line whose number is a
 * multiple of `BLOCK_LINES`: it stays put while someone types and moves on once in some lines.
 */
import type { Tokenizer } from "../engine/engine.js";
import { encodeText } from "./encodeText.js";

/**
 * Measured on 240 places of real code: with this and `BLOCK_LINES`, the embedded model predicts what follows as well as
 * with the last 224 tokens (3.373 nats per token both); it was trained on 256 and gains nothing from 320, 448 or 640.
 */
export const PREFIX_TOKENS_MAX = 288;
/** Each move costs one reading of the whole window. With 8 or 16, so much is dropped at once that it is missed. */
const BLOCK_LINES = 4;
/** Text looked at per token of budget, so that a huge document costs no more than a long one. */
const CHARACTERS_PER_TOKEN_MAX = 16;

/**
 * The tokens of the last lines of `text`, at most `PREFIX_TOKENS_MAX`. Where the text is cut they begin with a newline,
 * as cut texts in training do. `line`: how many line ends `text` has, where that is known.
 */
export function prefixWindow(options: {
  readonly tokenizer: Tokenizer;
  readonly text: string;
  readonly line?: number | undefined;
}): Uint32Array {
  const { tokenizer, text } = options;
  const near = text.slice(-PREFIX_TOKENS_MAX * CHARACTERS_PER_TOKEN_MAX);
  if (near.length === text.length) {
    const whole = encodeText(tokenizer, withoutReturns(text));
    if (whole.length <= PREFIX_TOKENS_MAX) return whole;
  }
  const from = (start: number) => encodeText(tokenizer, withoutReturns(near.slice(start)));
  const starts = blockStarts(near, options.line ?? countLineEnds(text));
  const start = firstFitting(starts, (each) => from(each).length <= PREFIX_TOKENS_MAX);
  if (start !== undefined) return from(start);
  return fromLineStart(tokenizer, from(0).subarray(-PREFIX_TOKENS_MAX));
}

/** The first of ascending places that fits, found in a few trials: every later one fits too. */
function firstFitting(starts: readonly number[], fits: (start: number) => boolean): number | undefined {
  let [low, high] = [0, starts.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (fits(starts[middle] ?? 0)) high = middle;
    else low = middle + 1;
  }
  return starts[low];
}

/** The corpora have the line ends of Unix; a document of Windows asks in the same words. */
export function withoutReturns(text: string): string {
  return text.replaceAll("\r\n", "\n");
}

/** Where in `near`, which ends in line number `line`, a block begins, with the line end before it; first ones first. */
function blockStarts(near: string, line: number): readonly number[] {
  const starts: number[] = [];
  let number = line - countLineEnds(near);
  for (let at = near.indexOf("\n"); at >= 0; at = near.indexOf("\n", at + 1)) {
    number++;
    if (number % BLOCK_LINES === 0) starts.push(at);
  }
  return starts;
}

function countLineEnds(text: string): number {
  let count = 0;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) count++;
  return count;
}

/**
 * Drops tokens up to the first line end in the first half, so that a cut text begins with a newline token as cut
 * texts in training do; a very long line is left as it is.
 */
export function fromLineStart(tokenizer: Tokenizer, tokens: Uint32Array): Uint32Array {
  const start = tokens
    .subarray(0, tokens.length >> 1)
    .findIndex((token) => tokenizer.bytesOf(token)?.[0] === 0x0a);
  return start === -1 ? tokens : tokens.subarray(start);
}
