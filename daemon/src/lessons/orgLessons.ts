/**
 * A parsed Org file → all its lessons, in the order of the file. Pure. A sample with a mistake is a problem to report
 * and no reason not to teach the others.
 */

import { ROLE_MAPS } from "@ouroboros/configs";
import { AppError } from "../base/errors.js";
import { type Message, messagesOf } from "../data/org/messages.js";
import type { OrgFile, OrgSample } from "../data/org/parseOrg.js";
import type { Tokenizer } from "../engine/engine.js";
import { chatTemplateOf } from "../prompt/chatTemplate.js";
import { encodeText } from "../prompt/encodeText.js";
import { chatLessons, checkSeen, isTurn, type SampleForm } from "./chatLessons.js";
import type { FileLesson } from "./fileLesson.js";
import { textLessons } from "./textLessons.js";

interface FileLessons {
  /** No two with one id: what stands twice in a file is taught once. */
  readonly lessons: readonly FileLesson[];
  /** One for every sample that cannot be taught as it stands. */
  readonly problems: readonly AppError[];
}

/** Throws AppError `input-invalid` or `role-map-mismatch` where the file as a whole cannot be taught. */
export function lessonsOf(file: OrgFile, tokenizer: Tokenizer): FileLessons {
  const form = formOf(file, tokenizer);
  const lessons = new Map<string, FileLesson>();
  const problems: AppError[] = [];
  for (const sample of file.samples) {
    try {
      for (const lesson of sampleLessons(sample, form)) {
        if (!lessons.has(lesson.id)) lessons.set(lesson.id, lesson);
      }
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      problems.push(error);
    }
  }
  return { lessons: [...lessons.values()], problems };
}

/** That of the model's own chats. A file may name another model's role map: then it was not meant for this one. */
function formOf({ path, roleMapName }: OrgFile, tokenizer: Tokenizer): SampleForm {
  const template = chatTemplateOf(tokenizer);
  const own = template.roleMapName;
  if (roleMapName === undefined || roleMapName === own) return { path, tokenizer, template };
  if (!Object.hasOwn(ROLE_MAPS, roleMapName)) {
    const known = Object.keys(ROLE_MAPS).join(", ");
    throw new AppError(
      "input-invalid",
      `${path} names the role map "${roleMapName}", which does not exist; in #+ROLEMAP: write one of ${known}`,
    );
  }
  const reason =
    own === "world"
      ? "needs control tokens that the model in use lacks; use a model that has them, such as the embedded one"
      : "is for models without control tokens; use one of them";
  throw new AppError(
    "role-map-mismatch",
    `the role map ${roleMapName} of ${path} ${reason}, or leave #+ROLEMAP: out to teach the one in use as it is asked`,
  );
}

function sampleLessons(sample: OrgSample, form: SampleForm): readonly FileLesson[] {
  const { roleMapName } = form.template;
  const messages = messagesOf(sample, { path: form.path, roleMapName, words: ROLE_MAPS[roleMapName].words });
  const turns = messages.filter(isTurn);
  return turns.length > 0 ? chatLessons(turns, form) : wholeTextLessons(messages, form);
}

/** The headlines of a text are its paragraphs: a book may be divided into chapters. */
function wholeTextLessons(
  messages: readonly Message[],
  { path, tokenizer, template }: SampleForm,
): readonly FileLesson[] {
  const [first] = messages;
  const text = messages
    .map((message) => message.text)
    .filter((part) => part !== "")
    .join("\n\n");
  if (first === undefined || text === "") return [];
  checkSeen(`the text in line ${first.line} of ${path}`, text);
  return textLessons({
    tokenizer,
    roleMapName: template.roleMapName,
    line: first.line,
    tokens: encodeText(tokenizer, text),
    isOver: messages.at(-1)?.isOver ?? true,
  });
}
