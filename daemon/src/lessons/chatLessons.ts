/**
 * A conversation → lessons: one for every answer, after all turns before it, in the form that chat requests have.
 * Only the answer and its end are taught; what others say is read.
 */

import { AppError } from "../base/errors.js";
import type { CorpusLanguage } from "../data/org/corpusLanguage.js";
import type { Message } from "../data/org/messages.js";
import { concatenate, encodeText } from "../prompt/encodeText.js";
import { chatPrompt, chatTurns } from "../prompt/format.js";
import { type Lesson, type LessonEnding, toLesson } from "./lesson.js";

/** What one correction may have: learning refuses more. */
export const ANSWER_TOKENS_MAX = 512;
export const PROMPT_TOKENS_MAX = 16_384;

/** Throws AppError `input-invalid` or `input-too-large`, naming the line. */
export function chatLessons(messages: readonly Message[], language: CorpusLanguage): readonly Lesson[] {
  const { vocabulary, roleMap } = language;
  const opening = chatPrompt(vocabulary, roleMap, []);
  const lessons: Lesson[] = [];
  let before = concatenate([]);
  for (const [index, message] of messages.entries()) {
    const isLast = index === messages.length - 1;
    if (!message.isOver && !isLast) throw openTurn(message, language);
    // An empty answer is one that is still to be written.
    if (message.role === "assistant" && message.text !== "") {
      lessons.push(answerLesson({ message, language, prompt: concatenate([before, opening]) }));
    }
    before = concatenate([before, chatTurns(vocabulary, roleMap, [message])]);
  }
  return lessons;
}

function answerLesson(options: {
  readonly message: Message;
  readonly language: CorpusLanguage;
  readonly prompt: Uint32Array;
}): Lesson {
  const { message, language, prompt } = options;
  const { tokenizer } = language.vocabulary;
  const wanted = encodeText(tokenizer, message.text);
  checkLength({
    place: `the answer in line ${message.line} of ${language.path}`,
    tokens: wanted,
    max: ANSWER_TOKENS_MAX,
  });
  checkLength({
    place: `what stands before the answer in line ${message.line} of ${language.path}`,
    tokens: prompt,
    max: PROMPT_TOKENS_MAX,
  });
  return toLesson({
    tokenizer,
    roleMapName: language.roleMapName,
    line: message.line,
    prompt,
    wanted,
    aim: "recall",
    ...(message.isOver ? endingOf(language) : {}),
  });
}

function checkLength(options: {
  readonly place: string;
  readonly tokens: Uint32Array;
  readonly max: number;
}): void {
  const { place, tokens, max } = options;
  if (tokens.length <= max) return;
  throw new AppError(
    "input-too-large",
    `${place} has ${tokens.length} tokens, ${max} are the most; shorten it or divide it`,
  );
}

/** What closes an assistant's turn: a token of its own, or text that comes next. */
function endingOf({ vocabulary, roleMap }: CorpusLanguage): LessonEnding {
  const opened = chatPrompt(vocabulary, roleMap, []).length;
  const closing = chatTurns(vocabulary, roleMap, [{ role: "assistant", text: "" }]).subarray(opened);
  const [token] = closing;
  const isToken = roleMap.roles.assistant.close.every((mark) => "control" in mark) && closing.length === 1;
  return isToken && token !== undefined ? { end: token } : { following: closing };
}

function openTurn({ line }: Message, { path }: CorpusLanguage): AppError {
  return new AppError(
    "input-invalid",
    `the message in line ${line} of ${path} is left open by isOver, and another follows; only the last one can be left open`,
  );
}
