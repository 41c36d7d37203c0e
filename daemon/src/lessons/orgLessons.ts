/**
 * A parsed Org file → all its lessons, in the order of the file. Pure. A sample with a mistake is a problem to report
 * and no reason not to teach the others.
 */

import { AppError } from "../base/errors.js";
import { type CorpusLanguage, corpusLanguageOf } from "../data/org/corpusLanguage.js";
import { type Message, messagesOf } from "../data/org/messages.js";
import type { OrgFile, OrgSample } from "../data/org/parseOrg.js";
import type { Tokenizer } from "../engine/engine.js";
import { encodeText } from "../prompt/encodeText.js";
import { chatLessons } from "./chatLessons.js";
import type { Lesson } from "./lesson.js";
import { textLessons } from "./textLessons.js";

export interface FileLessons {
  /** No two with one id: what stands twice in a file is taught once. */
  readonly lessons: readonly Lesson[];
  /** One for every sample that cannot be taught as it stands. */
  readonly problems: readonly AppError[];
}

/** Throws AppError `input-invalid` or `role-map-mismatch` where the file as a whole cannot be taught. */
export function lessonsOf(file: OrgFile, tokenizer: Tokenizer): FileLessons {
  const language = corpusLanguageOf(file, tokenizer);
  const lessons = new Map<string, Lesson>();
  const problems: AppError[] = [];
  for (const sample of file.samples) {
    try {
      for (const lesson of sampleLessons(sample, language)) {
        if (!lessons.has(lesson.id)) lessons.set(lesson.id, lesson);
      }
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      problems.push(error);
    }
  }
  return { lessons: [...lessons.values()], problems };
}

function sampleLessons(sample: OrgSample, language: CorpusLanguage): readonly Lesson[] {
  const messages = messagesOf(sample, language);
  return messages.some(({ role }) => role !== "text")
    ? chatLessons(messages, language)
    : wholeTextLessons(messages, language);
}

/** The headlines of a text are its paragraphs: a book may be divided into chapters. */
function wholeTextLessons(messages: readonly Message[], language: CorpusLanguage): readonly Lesson[] {
  const { vocabulary, roleMapName } = language;
  const [first] = messages;
  const text = messages
    .map((message) => message.text)
    .filter((part) => part !== "")
    .join("\n\n");
  if (first === undefined || text === "") return [];
  return textLessons({
    tokenizer: vocabulary.tokenizer,
    roleMapName,
    line: first.line,
    tokens: encodeText(vocabulary.tokenizer, text),
    isOver: messages.at(-1)?.isOver ?? true,
  });
}
