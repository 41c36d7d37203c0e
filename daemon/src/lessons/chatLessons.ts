/**
 * A conversation → lessons: one for every answer, after all turns before it, in the form that chat requests have.
 * Only the answer and its end are taught; what others say is read.
 */

import { AppError } from "../base/errors.js";
import type { Message } from "../data/org/messages.js";
import type { Tokenizer } from "../engine/engine.js";
import type { ChatTemplate } from "../prompt/chatTemplate.js";
import type { ChatTurn } from "../protocol/turns.js";
import { type FileLesson, fileLesson } from "./fileLesson.js";
import { invisibleIn } from "./invisible.js";
import { PROMPT_TOKENS_MAX, RECALL_TOKENS_MAX } from "./lesson.js";

/** In what form the samples of one file are taught. */
export interface SampleForm {
  /** As messages name the file. */
  readonly path: string;
  readonly tokenizer: Tokenizer;
  readonly template: ChatTemplate;
}

type TurnMessage = Message & ChatTurn;

export function isTurn(message: Message): message is TurnMessage {
  return message.role !== "text";
}

/** Throws AppError `input-invalid` or `input-too-large`, naming the line. */
export function chatLessons(messages: readonly TurnMessage[], form: SampleForm): readonly FileLesson[] {
  const open = messages.slice(0, -1).find(({ isOver }) => !isOver);
  const lessons: FileLesson[] = [];
  for (const [index, message] of messages.entries()) {
    if (message === open) throw openTurn(message, form);
    // An empty answer is one that is still to be written.
    if (message.role !== "assistant" || message.text === "") continue;
    lessons.push(answerLesson({ message, form, prompt: form.template.prompt(messages.slice(0, index)) }));
  }
  return lessons;
}

function answerLesson(options: {
  readonly message: TurnMessage;
  readonly form: SampleForm;
  readonly prompt: Uint32Array;
}): FileLesson {
  const { message, prompt } = options;
  const { path, tokenizer, template } = options.form;
  const wanted = template.answer(message.text);
  const place = `the answer in line ${message.line} of ${path}`;
  checkSeen(place, wanted.text);
  checkLength({ place, tokens: wanted.tokens, max: RECALL_TOKENS_MAX });
  checkLength({ place: `what stands before ${place}`, tokens: prompt, max: PROMPT_TOKENS_MAX });
  return fileLesson({
    tokenizer,
    roleMapName: template.roleMapName,
    line: message.line,
    prompt,
    wanted,
    aim: "recall",
    // An answer that is left open goes on: nothing says where it ends.
    ...(message.isOver ? { ...template.ending, shown: { as: "answer" } as const } : {}),
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

/** `place`: as messages name the text. Throws `input-invalid`. */
export function checkSeen(place: string, text: string): void {
  const invisible = invisibleIn(text);
  if (invisible !== undefined) throw new AppError("input-invalid", `${place} ${invisible}`);
}

function openTurn({ line }: Message, { path }: SampleForm): AppError {
  return new AppError(
    "input-invalid",
    `the message in line ${line} of ${path} is left open by isOver, and another follows; only the last one can be left open`,
  );
}
