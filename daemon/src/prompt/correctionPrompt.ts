/**
 * From a completion's prompt and two texts to what learning is taught: the very tokens that the completion was asked
 * with, what the model wrote after them, and what it should have written.
 */

import type { Tokenizer } from "../engine/engine.js";
import { type CompletionPrompt, completionPrompt } from "./completionPrompt.js";
import { encodeText } from "./encodeText.js";
import { withoutReturns } from "./prefixWindow.js";

export interface TextTokens {
  readonly text: string;
  readonly tokens: Uint32Array;
}

export interface CorrectionPrompt {
  readonly prompt: TextTokens;
  readonly boundary: number;
  readonly rejected: TextTokens;
  readonly wanted: TextTokens;
  /** Taught too, where the prompt's form has an ending. */
  readonly end?: number;
  /** What stands after the wanted text, where no token ends it. */
  readonly following?: Uint32Array;
}

export interface CorrectedTexts {
  readonly rejected: string;
  readonly wanted: string;
  /** The text before which completions end, where the model has no token for it; may be empty. */
  readonly stop: string;
}

/** A correction of a completion that was asked with `prompt`. */
export function correctionOf(
  options: { readonly tokenizer: Tokenizer; readonly prompt: CompletionPrompt } & CorrectedTexts,
): CorrectionPrompt {
  const { tokenizer, stop } = options;
  const { tokens, boundary, end, healedPrefix } = options.prompt;
  const passage = (text: string) => ({ text, tokens: encodeText(tokenizer, healedPrefix + text) });
  const rejected = withoutReturns(options.rejected);
  return {
    prompt: { text: tokenizer.decode(tokens), tokens },
    boundary,
    // Without a text it is not known what was written.
    rejected: rejected === "" ? { text: "", tokens: new Uint32Array() } : passage(rejected),
    wanted: passage(withoutReturns(options.wanted)),
    ...(end === undefined ? { following: encodeText(tokenizer, stop) } : { end }),
  };
}

/** A correction of what would be written at a place. */
export function correctionPrompt(
  options: Parameters<typeof completionPrompt>[0] & CorrectedTexts,
): CorrectionPrompt {
  return correctionOf({ ...options, prompt: completionPrompt(options) });
}
