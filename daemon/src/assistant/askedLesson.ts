/** Which project and which lesson a client means that says what was wrong: where it was, and what stood there. */

import { AppError } from "../base/errors.js";
import { nearby } from "../completion/lines.js";
import { hindranceOf } from "../completion/proposal.js";
import { checkLesson } from "../lessons/checkLesson.js";
import { answerLesson, completionLesson } from "../lessons/correctionLesson.js";
import type { Lesson } from "../lessons/lesson.js";
import type { LoadedModel } from "../models/loadedModel.js";
import { completionPrompt } from "../prompt/completionPrompt.js";
import type { DidLearn } from "../protocol/corrections.js";
import type { Project } from "../store/project.js";
import type { Client } from "./assistant.js";
import type { GivenCompletions } from "./givenCompletions.js";
import type { ProjectResolver } from "./projectResolver.js";

export interface AskedLesson {
  readonly project: Project;
  readonly lesson: Lesson;
  readonly origin: DidLearn["origin"];
}

/** What the lessons are made with. */
export interface LessonParts {
  readonly loaded: LoadedModel;
  readonly given: GivenCompletions;
  readonly resolver: ProjectResolver;
}

/** A taught text ends before the next line, where the model has no token for the end. */
const STOP = "\n";

/** Throws `completion-unknown`; like the others, `project-unclear`. */
export async function lessonOfCompletion(
  { loaded, given, resolver }: LessonParts,
  { completionId, wanted, source }: Parameters<Client["correctCompletion"]>[0],
): Promise<AskedLesson> {
  const { tokenizer, model } = loaded;
  const known = given.get(completionId);
  if (known?.vocabulary !== tokenizer.hash) {
    throw new AppError(
      "completion-unknown",
      "this suggestion is not remembered any more; select the text as it should be and correct that",
    );
  }
  const { where, prompt, place, text: rejected } = known;
  const project = known.project ?? (await resolver.surePlaceOf(where)).project;
  return { project, ...lessonAt({ tokenizer, prompt, place, source, rejected, wanted }, model.info) };
}

export async function lessonOfPlace(
  { loaded, resolver }: LessonParts,
  { where, prefix, suffix, wanted, rejected = "" }: Parameters<Client["correctPlace"]>[0],
): Promise<AskedLesson> {
  const { tokenizer, model, form } = loaded;
  const { project, path } = await resolver.surePlaceOf(where);
  const prompt = completionPrompt({ tokenizer, path, prefix, suffix, form });
  const place = nearby({ prefix, suffix });
  return {
    project,
    ...lessonAt({ tokenizer, prompt, place, source: "teach", rejected, wanted }, model.info),
  };
}

/** Throws what `checkLesson` does, and `correction-unshown` where training could not help. */
function lessonAt(
  said: Omit<Parameters<typeof completionLesson>[0], "stop">,
  info: Parameters<typeof checkLesson>[1],
): Pick<AskedLesson, "origin" | "lesson"> {
  const lesson = completionLesson({ ...said, stop: STOP });
  checkLesson(lesson, info);
  const hindrance = hindranceOf(lesson.wanted.text, said);
  if (hindrance === undefined) return { origin: "completion", lesson };
  throw new AppError(
    "correction-unshown",
    `the corrected text could never be shown whole at this place: ${hindrance}`,
  );
}

export async function lessonOfAnswer(
  { loaded, resolver }: LessonParts,
  { where, ...said }: Parameters<Client["correctAnswer"]>[0],
): Promise<AskedLesson> {
  const { project } = await resolver.surePlaceOf(where);
  return { project, origin: "answer", lesson: answerLesson({ tokenizer: loaded.tokenizer, ...said }) };
}
