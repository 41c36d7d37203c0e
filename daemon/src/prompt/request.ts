/**
 * From a place in a document to the prompt of a completion: cuts prefix and suffix to their budgets and applies the
 * format that the model was trained on. A model without control tokens gets the plain prefix.
 */
import type { Tokenizer } from "@ouroboros/native";
import { controlsOf, END_OF_DOCUMENT } from "./controls.js";
import { concatenate, encodeText } from "./encodeText.js";
import { fileHeader, fillPrompt } from "./format.js";

/** About what one training window holds: what lies further back the embedded model has not learnt to use. */
export const PREFIX_TOKENS_MAX = 224;
export const SUFFIX_TOKENS_MAX = 64;
/** Text looked at per token of budget, so that a huge document costs no more than a long one. */
const CHARACTERS_PER_TOKEN_MAX = 16;

export interface CompletionPlace {
  readonly tokenizer: Tokenizer;
  /** Path within the project, `/` between names. */
  readonly path: string;
  /** Document text before the cursor. */
  readonly prefix: string;
  /** Document text after the cursor; blank: the prompt is a plain continuation. */
  readonly suffix: string;
}

export interface CompletionPrompt {
  /** At least one. */
  readonly tokens: Uint32Array;
  /** Index of the first token that the adapter reads: the last one, so that it acts on all that is written. */
  readonly boundary: number;
  /** The token that ends the answer; a plain continuation has none but the end of the document. */
  readonly end: number | undefined;
  /**
   * Text before the cursor that the model writes once more, at the start of its answer. Words are tokens together with
   * their space, so a continuation asked for after a lone space would be one that no text ever had.
   */
  readonly lead: "" | " ";
}

export function completionPrompt({ tokenizer, path, prefix, suffix }: CompletionPlace): CompletionPrompt {
  const controls = controlsOf(tokenizer);
  if (controls === undefined || suffix.trim() === "") {
    const lead = /\S $/.test(prefix) ? " " : "";
    const before = cutPrefix(tokenizer, prefix.slice(0, prefix.length - lead.length));
    const header = controls === undefined ? new Uint32Array() : fileHeader({ tokenizer, controls }, path);
    const tokens = concatenate([header, before]);
    return promptOf({
      tokens: tokens.length > 0 ? tokens : Uint32Array.of(END_OF_DOCUMENT),
      end: undefined,
      lead,
    });
  }
  // A fill is trained with cuts at any character, lone spaces included: it needs no lead.
  const tokens = fillPrompt(
    { tokenizer, controls },
    {
      header: fileHeader({ tokenizer, controls }, path),
      prefix: cutPrefix(tokenizer, prefix),
      suffix: cutSuffix(tokenizer, suffix),
      suffixText: suffix,
    },
  );
  return promptOf({ tokens, end: controls.eot, lead: "" });
}

function promptOf(options: Omit<CompletionPrompt, "boundary">): CompletionPrompt {
  return { ...options, boundary: options.tokens.length - 1 };
}

function cutPrefix(tokenizer: Tokenizer, text: string): Uint32Array {
  const near = text.slice(-PREFIX_TOKENS_MAX * CHARACTERS_PER_TOKEN_MAX);
  const tokens = encodeText(tokenizer, near);
  const isWhole = near.length === text.length && tokens.length <= PREFIX_TOKENS_MAX;
  return isWhole ? tokens : fromLineStart(tokenizer, tokens.subarray(-PREFIX_TOKENS_MAX));
}

function cutSuffix(tokenizer: Tokenizer, text: string): Uint32Array {
  const near = text.slice(0, SUFFIX_TOKENS_MAX * CHARACTERS_PER_TOKEN_MAX);
  return encodeText(tokenizer, near).subarray(0, SUFFIX_TOKENS_MAX);
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
