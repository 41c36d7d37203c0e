/**
 * Places in the token file and what stands there: whole documents, stretches of one for a sample to be made of, and
 * tokens filled up with the documents that follow.
 */

import type { Tokenizer } from "../../../engine/engine.js";
import { SUFFIX_TOKENS_MAX } from "../../../prompt/completionPrompt.js";
import { concatenate } from "../../../prompt/encodeText.js";
import { fromLineStart } from "../../../prompt/prefixWindow.js";
import type { DocumentTokens, TokenisedSplit } from "./tokenisedCorpus.js";

/** Below this much text a fill-in sample has nothing to go by. */
export const SAMPLE_TOKENS_MIN = 32;

/** A stretch of one document, as tokens and as text. */
export interface Stretch {
  /** Tokens of the sequence to be made of it. */
  readonly length: number;
  readonly header: Uint32Array;
  readonly text: string;
  /** Whether its document begins with it. */
  readonly isStart: boolean;
  /** The end of the stretch in the token file. */
  readonly end: number;
}

export class TokenisedText {
  readonly #corpus: TokenisedSplit;
  readonly #tokenizer: Tokenizer;

  constructor(corpus: TokenisedSplit, tokenizer: Tokenizer) {
    this.#corpus = corpus;
    this.#tokenizer = tokenizer;
  }

  slice(start: number, length: number): Uint32Array {
    return Uint32Array.from(this.#corpus.tokens.subarray(start, start + length));
  }

  header({ start, text }: DocumentTokens): Uint32Array {
    return this.slice(start, text - start);
  }

  /** The document that holds the token at `position` (binary search). */
  documentAt(position: number): DocumentTokens | undefined {
    const { documents } = this.#corpus;
    let [low, high] = [0, documents.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((documents[middle]?.end ?? 0) <= position) low = middle + 1;
      else high = middle;
    }
    return documents[low];
  }

  /** The text from `start` to the end of its document, or as much of it as `length` tokens and a suffix can use. */
  stretch(start: number, length: number): Stretch | undefined {
    const document = this.documentAt(start);
    if (document === undefined) return undefined;
    const from = Math.max(start, document.text);
    const end = Math.min(document.end - 1, from + length + SUFFIX_TOKENS_MAX);
    if (end - from < SAMPLE_TOKENS_MIN) return undefined;
    const cut = this.slice(from, end - from);
    const tokens = from === document.text ? cut : fromLineStart(this.#tokenizer, cut);
    const decoded = this.#tokenizer.decode(tokens);
    const text = end === document.end - 1 ? decoded : withoutPartOfLine(decoded);
    // Half a character at a cut decodes to U+FFFD, which must not be learnt.
    if (text.includes("\ufffd")) return undefined;
    return { length, header: this.header(document), text, isStart: from === document.text, end };
  }

  /** `tokens` cut or filled up to `length` with the tokens from `from` on, round the file's end. */
  filled(tokens: Uint32Array, { from, length }: { from: number; length: number }): Uint32Array {
    if (tokens.length >= length) return tokens.slice(0, length);
    const rest = length - tokens.length;
    const at = from + rest <= this.#corpus.tokens.length ? from : 0;
    return concatenate([tokens, this.slice(at, rest)]);
  }
}

/** Half a line at a cut would be taught as if it were whole. */
function withoutPartOfLine(text: string): string {
  const newline = text.lastIndexOf("\n");
  return newline > 0 ? text.slice(0, newline) : text;
}
