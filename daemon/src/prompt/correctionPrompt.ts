/**
 * From a place in a document and two texts to what learning is taught: the very tokens that a completion at this
 * place is asked with, what the model wrote after them, and what it should have written.
 */

import { encodeText } from "./encodeText.js";
import { type CompletionPlace, completionPrompt } from "./request.js";

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

export interface CorrectionTexts extends CompletionPlace {
  readonly rejected: string;
  readonly wanted: string;
  /** The text before which completions end, where the model has no token for it; may be empty. */
  readonly stop: string;
}

export function correctionPrompt(options: CorrectionTexts): CorrectionPrompt {
  const { tokenizer, rejected, wanted, stop } = options;
  const { tokens, boundary, end, lead } = completionPrompt(options);
  return {
    prompt: { text: tokenizer.decode(tokens), tokens },
    boundary,
    rejected: { text: rejected, tokens: encodeText(tokenizer, lead + rejected) },
    wanted: { text: wanted, tokens: encodeText(tokenizer, lead + wanted) },
    ...(end === undefined ? { following: encodeText(tokenizer, stop) } : { end }),
  };
}
