/**
 * The lesson in what somebody says was wrong: the very tokens that the model was, or would be, asked with at that place,
 * what it wrote after them, and what it should have written.
 */

import type { Tokenizer } from "../engine/engine.js";
import { chatTemplateOf } from "../prompt/chatTemplate.js";
import type { CompletionPrompt } from "../prompt/completionPrompt.js";
import { encodeText } from "../prompt/encodeText.js";
import { withoutReturns } from "../prompt/prefixWindow.js";
import type { ChatTurn } from "../protocol/turns.js";
import { type Lesson, NO_PASSAGE } from "./lesson.js";

/** A completion that was asked with `prompt`. */
export function completionLesson(options: {
  readonly tokenizer: Tokenizer;
  readonly prompt: CompletionPrompt;
  /** The document's text next to the cursor. */
  readonly place: { readonly prefix: string; readonly suffix: string };
  readonly source: "teach" | "edit";
  /** Empty: it is not known what was written. */
  readonly rejected: string;
  readonly wanted: string;
  /** The text before which completions end, where the model has no token for it; may be empty. */
  readonly stop: string;
}): Lesson {
  const { tokenizer, source, stop } = options;
  const { prefix, suffix } = options.place;
  const { tokens, boundary, end, healedPrefix } = options.prompt;
  const passage = (text: string) => ({ text, tokens: encodeText(tokenizer, healedPrefix + text) });
  const rejected = withoutReturns(options.rejected);
  return {
    source,
    prompt: { text: tokenizer.decode(tokens), tokens },
    boundary,
    rejected: rejected === "" ? NO_PASSAGE : passage(rejected),
    wanted: passage(withoutReturns(options.wanted)),
    ...(end === undefined ? { following: encodeText(tokenizer, stop) } : { end }),
    shown: { as: "completion", prefix, suffix, healedPrefix },
  };
}

/** The answer of a chat, after `turns`. */
export function answerLesson(options: {
  readonly tokenizer: Tokenizer;
  readonly turns: readonly ChatTurn[];
  readonly rejected: string;
  readonly wanted: string;
}): Lesson {
  const { tokenizer, turns, rejected, wanted } = options;
  const template = chatTemplateOf(tokenizer);
  const tokens = template.prompt(turns);
  return {
    source: "teach",
    prompt: { text: tokenizer.decode(tokens), tokens },
    boundary: tokens.length - 1,
    rejected: template.answer(rejected),
    wanted: template.answer(wanted),
    ...template.ending,
    shown: { as: "answer" },
  };
}
