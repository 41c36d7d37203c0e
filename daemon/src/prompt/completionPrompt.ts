/**
 * From a place in a document to the prompt of a completion: cuts prefix and suffix to their budgets and applies the
 * format that the model was trained on. A model without control tokens gets the plain prefix.
 */
import type { Tokenizer } from "../engine/engine.js";
import { controlsOf, END_OF_DOCUMENT } from "./controls.js";
import { concatenate, encodeText } from "./encodeText.js";
import { begunLineStart, fileHeader, fillPrompt, hintOf } from "./format.js";
import { prefixWindow, withoutReturns } from "./prefixWindow.js";
import { tokensToHeal } from "./tokenHealing.js";

/**
 * How a model is asked within a text. `fill`: it is shown what stands after the cursor. `continue`: as if nothing did.
 *
 * A model that has not learned to fill answers better when it goes on, and going on reads less again when the cursor
 * moves. The embedded one does both about as well: in unseen TypeScript the next line comes out exact in 3.3 % of 600
 * places when it goes on and in 2.7 % when it fills, the rest of a line cut at a word in 12.6 and 14.0 % of 211
 * (MODEL_CARD.md).
 */
export const PROMPT_FORMS = ["fill", "continue"] as const;
export type PromptForm = (typeof PROMPT_FORMS)[number];

export const SUFFIX_TOKENS_MAX = 64;
/** So much of the cursor's line is shown; more than a line that a person writes. */
const BEGUN_TOKENS_MAX = 96;
/** Text looked at per token of budget, so that a huge document costs no more than a long one. */
const CHARACTERS_PER_TOKEN_MAX = 16;

interface PlaceOptions {
  readonly tokenizer: Tokenizer;
  /** Path within the project, `/` between names. */
  readonly path: string;
  /** Document text before the cursor. */
  readonly prefix: string;
  /** Document text after the cursor; blank: the prompt is a plain continuation. */
  readonly suffix: string;
  /** Default: a fill, where there is text after the cursor and the model has tokens for it. */
  readonly form?: PromptForm;
  /** Number of the cursor's line, from 0, where the caller knows it: saves counting through the whole prefix. */
  readonly line?: number | undefined;
}

export interface CompletionPrompt {
  /** At least one. */
  readonly tokens: Uint32Array;
  /** Index of the first token that the adapter reads: the last one, so that it acts on all that is written. */
  readonly boundary: number;
  /** Where in the tokens the text before the cursor stands: all that typing changes lies from here on. */
  readonly prefix: {
    readonly start: number;
    /** Where the lines above the cursor's end, if the prompt has them apart; a new line begins to differ here. */
    readonly above?: number;
    readonly end: number;
  };
  /** The token that ends the answer; a plain continuation has none but the end of the document. */
  readonly end: number | undefined;
  /** Text before the cursor that the model writes once more, at the start of its answer: see `tokenHealing.ts`. */
  readonly healedPrefix: string;
}

export function completionPrompt(place: PlaceOptions): CompletionPrompt {
  const { tokenizer, path, prefix, suffix, line } = place;
  const controls = controlsOf(tokenizer);
  if (controls === undefined || place.form === "continue" || isBlank(suffix)) {
    return continuationPrompt({ tokenizer, path, before: prefixWindow({ tokenizer, text: prefix, line }) });
  }
  const vocabulary = { tokenizer, controls };
  const near = withoutReturns(suffix.slice(0, SUFFIX_TOKENS_MAX * CHARACTERS_PER_TOKEN_MAX));
  const lineStart = begunLineStart(prefix);
  const written = encodeText(tokenizer, withoutReturns(prefix.slice(lineStart))).subarray(-BEGUN_TOKENS_MAX);
  const closed = written.length - tokensToHeal(tokenizer, written);
  const parts = {
    header: fileHeader(vocabulary, path),
    suffix: encodeText(tokenizer, near).subarray(0, SUFFIX_TOKENS_MAX),
    above: prefixWindow({
      tokenizer,
      text: prefix.slice(0, lineStart),
      line: line === undefined ? line : line - 1,
    }),
    hint: hintOf(vocabulary, near),
    begun: written.subarray(0, closed),
  };
  const tokens = fillPrompt(vocabulary, parts);
  const start = parts.header.length + 1 + parts.suffix.length + 1;
  return promptOf({
    tokens,
    prefix: { start, above: start + parts.above.length, end: tokens.length },
    end: controls.eot,
    healedPrefix: tokenizer.decode(written.subarray(closed)),
  });
}

/** A plain continuation of `before`, the tokens of the text before the cursor, however many they are. */
export function continuationPrompt(options: {
  readonly tokenizer: Tokenizer;
  readonly path: string;
  readonly before: Uint32Array;
}): CompletionPrompt {
  const { tokenizer, path, before } = options;
  const controls = controlsOf(tokenizer);
  const closed = before.length - tokensToHeal(tokenizer, before);
  const header = controls === undefined ? new Uint32Array() : fileHeader({ tokenizer, controls }, path);
  const tokens = concatenate([header, before.subarray(0, closed)]);
  return promptOf({
    tokens: tokens.length > 0 ? tokens : Uint32Array.of(END_OF_DOCUMENT),
    prefix: { start: header.length, end: tokens.length },
    end: undefined,
    healedPrefix: tokenizer.decode(before.subarray(closed)),
  });
}

/** As `trim() === ""`, without a copy of a long document. */
function isBlank(text: string): boolean {
  return !/\S/.test(text);
}

function promptOf(options: Omit<CompletionPrompt, "boundary">): CompletionPrompt {
  return { ...options, boundary: options.tokens.length - 1 };
}
