/**
 * The text formats of the embedded model, as tokens: the one place that knows their order. Training samples are a
 * format with its answer; request prompts are the same format up to where the answer begins.
 *
 *   continuation  <file> path \n text                                              … <end>
 *   fill          <file> path \n <suf> suffix <pre> above <hint> line <mid> begun  rest <eot>
 *   edit          <file> path \n <diff> context <del> old <ins>                    new <eot>
 *   chat          turns by a role map: `chatTemplate.ts`
 *
 * The suffix comes first, so that typing only appends to the prompt (SPM, arXiv:2207.14255). A recurrent model has
 * half forgotten the suffix by the time it writes, so the first line of it is hinted again, where the cursor's line
 * begins: what is begun of that line stands last, next to its rest, and a key typed in it is one more token.
 * With the hint between the begun line and its rest, the first embedded model never filled a line's rest right.
 * Texts are given as tokens of `encodeText`; budgets are the callers' affair (`completionPrompt.ts`, the sample stream).
 */
import type { Tokenizer } from "../engine/engine.js";
import type { Controls } from "./controls.js";
import { concatenate, encodeText } from "./encodeText.js";

/** Tokens of the suffix's first line that are repeated before the middle. */
export const HINT_TOKENS_MAX = 12;

export interface Vocabulary {
  readonly tokenizer: Tokenizer;
  readonly controls: Controls;
}

type Tokens = Uint32Array;

/** `<file> path \n`: stands before every text that belongs to a file. */
export function fileHeader({ tokenizer, controls }: Vocabulary, path: string): Tokens {
  return concatenate([[controls.file], encodeText(tokenizer, `${path}\n`)]);
}

interface FillParts {
  readonly header: Tokens;
  /** The lines above the cursor's, without the last newline. */
  readonly above: Tokens;
  /** The cursor's line up to the cursor, with the newline before it; may be empty in a first line. */
  readonly begun: Tokens;
  readonly suffix: Tokens;
  /** The first line of the text after the cursor, once more; requests give it, half of the samples do not. */
  readonly hint: Tokens | undefined;
}

export function fillPrompt(
  { controls }: Vocabulary,
  { header, above, begun, suffix, hint }: FillParts,
): Tokens {
  return concatenate([
    header,
    [controls.suf],
    suffix,
    [controls.pre],
    above,
    hint === undefined ? [] : [controls.hint],
    hint ?? [],
    [controls.mid],
    begun,
  ]);
}

/** Where the cursor's line begins in the text before the cursor, the newline before it included. */
export function begunLineStart(prefix: string): number {
  return Math.max(0, prefix.lastIndexOf("\n"));
}

/** The first line of the suffix that is not blank, without its indentation, cut to `HINT_TOKENS_MAX`. */
export function hintOf({ tokenizer }: Vocabulary, suffixText: string): Tokens {
  // A line longer than this has more than enough tokens in its first part.
  const line = /\S.{0,200}/u.exec(suffixText)?.[0] ?? "";
  return encodeText(tokenizer, line.trimEnd()).subarray(0, HINT_TOKENS_MAX);
}

interface EditParts {
  readonly header: Tokens;
  readonly context: Tokens;
  readonly old: Tokens;
}

export function editPrompt({ controls }: Vocabulary, { header, context, old }: EditParts): Tokens {
  return concatenate([header, [controls.diff], context, [controls.del], old, [controls.ins]]);
}

/** A fill, an edit or an assistant's turn with its end. */
export function withAnswer({ controls }: Vocabulary, prompt: Tokens, answer: Tokens): Tokens {
  return concatenate([prompt, answer, [controls.eot]]);
}
