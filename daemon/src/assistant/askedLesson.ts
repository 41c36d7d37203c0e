/** Which project and which lesson a client means that says what was wrong: where it was, and what stood there. */

import { AppError } from "../base/errors.js";
import { answerLesson, completionLesson } from "../lessons/correctionLesson.js";
import type { Lesson } from "../lessons/lesson.js";
import type { LoadedModel } from "../models/loadedModel.js";
import { completionPrompt } from "../prompt/completionPrompt.js";
import type { DidLearn } from "../protocol/corrections.js";
import type { Project } from "../store/project.js";
import type { CorrectionRequest } from "./assistant.js";
import type { GivenCompletions } from "./givenCompletions.js";
import type { ProjectResolver } from "./projectResolver.js";

interface AskedLesson {
  readonly project: Project;
  readonly lesson: Lesson;
  readonly origin: DidLearn["origin"];
}

/** A taught text ends before the next line, where the model has no token for the end. */
const STOP = "\n";

/** Throws `completion-unknown`. */
export async function askedLesson(options: {
  readonly request: CorrectionRequest;
  readonly loaded: LoadedModel;
  readonly given: GivenCompletions;
  readonly resolver: ProjectResolver;
}): Promise<AskedLesson> {
  const { request, resolver } = options;
  const { tokenizer, form } = options.loaded;
  switch (request.kind) {
    case "completion":
    case "accepted": {
      const { project, prompt, text } = knownCompletion(options, request.completionId);
      const said =
        request.kind === "completion"
          ? ({ source: "teach", wanted: request.wanted } as const)
          : ({ source: "edit", wanted: request.kept } as const);
      const lesson = completionLesson({ tokenizer, prompt, rejected: text, stop: STOP, ...said });
      return { project, origin: "completion", lesson };
    }
    case "cursor": {
      const { where, prefix, suffix, wanted, rejected = "" } = request;
      const { project, path } = await resolver.placeOf(where);
      const prompt = completionPrompt({ tokenizer, path, prefix, suffix, form });
      const lesson = completionLesson({ tokenizer, prompt, source: "teach", rejected, wanted, stop: STOP });
      return { project, origin: "completion", lesson };
    }
    case "answer": {
      const { project } = await resolver.placeOf({ file: null, folder: request.folder });
      return { project, origin: "answer", lesson: answerLesson({ tokenizer, ...request }) };
    }
  }
}

function knownCompletion(
  { given, loaded }: { readonly given: GivenCompletions; readonly loaded: LoadedModel },
  completionId: string,
) {
  const known = given.get(completionId);
  if (known?.vocabulary === loaded.tokenizer.hash) return known;
  throw new AppError(
    "completion-unknown",
    "this suggestion is not remembered any more; select the text as it should be and correct that",
  );
}
