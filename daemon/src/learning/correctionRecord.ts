/** A lesson as the record of it that is kept: checked, and under an id of its own. */

import { randomBytes } from "node:crypto";
import { AppError } from "../base/errors.js";
import type { CorrectionRecord } from "../journal/records.js";
import { checkLesson } from "../lessons/checkLesson.js";
import { followingOf, type Lesson, type Passage } from "../lessons/lesson.js";
import { headingOf, type LearningContext } from "./context.js";
import { type History, pendingCorrections } from "./history.js";

/** Bounds learning a whole lineage again, and the lineage in one journal record. */
const CORRECTIONS_MAX = 5000;
/** Without letters and digits that are easily mistaken for one another. */
const ID_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const ID_LENGTH = 10;

/** `newId` names a lesson that has no id. Throws `project-full`, `correction-*`. */
export function toCorrectionRecord(
  context: LearningContext,
  { lesson, newId }: { readonly lesson: Lesson; readonly newId: () => string },
): CorrectionRecord {
  const { history, project, model } = context;
  if (history.lineage.length + pendingCorrections(history).length >= CORRECTIONS_MAX) {
    throw new AppError(
      "project-full",
      `${project.name} holds ${CORRECTIONS_MAX} corrections; undo some first`,
    );
  }
  checkLesson(lesson, model.info);
  const { v, at, scope } = headingOf(context);
  return {
    kind: "correction",
    v,
    at,
    scope,
    id: lesson.id ?? unusedId(history, newId),
    projectName: project.name,
    source: lesson.source,
    aim: lesson.aim ?? "recall",
    prompt: recorded(lesson.prompt),
    boundary: lesson.boundary,
    rejected: recorded(lesson.rejected),
    wanted: recorded(lesson.wanted),
    end: lesson.end ?? null,
    following: Array.from(followingOf(lesson)),
    ...(lesson.shown && { shown: lesson.shown }),
  };
}

function recorded({ text, tokens }: Passage): CorrectionRecord["prompt"] {
  return { text, tokens: Array.from(tokens) };
}

function unusedId(history: History, newId: () => string): string {
  let id = newId();
  // 50 random bits: a second round is never seen in practice.
  while (history.corrections.has(id)) id = newId();
  return id;
}

export function randomId(): string {
  return Array.from(randomBytes(ID_LENGTH), (byte) => ID_ALPHABET[byte % ID_ALPHABET.length]).join("");
}
