/**
 * From what a client says was wrong to what learning is taught: the tokens that were, or would be, asked with at that
 * place, what was written after them, and what should have been.
 */

import { AppError } from "../base/errors.js";
import type { Teaching } from "../learning/teaching.js";
import type { LoadedModel } from "../models/loadedModel.js";
import { chatTemplateOf } from "../prompt/chatTemplate.js";
import { completionPrompt } from "../prompt/completionPrompt.js";
import { correctionOf } from "../prompt/correctionPrompt.js";
import type { DidLearn } from "../protocol/corrections.js";
import type { Project } from "../store/project.js";
import type { CorrectionRequest } from "./assistant.js";
import type { GivenCompletions } from "./givenCompletions.js";
import type { ProjectResolver } from "./projectResolver.js";

export interface Lesson {
  readonly project: Project;
  readonly teaching: Teaching;
  readonly origin: DidLearn["origin"];
}

/** A taught text ends before the next line, where the model has no token for the end. */
const STOP = "\n";

/** Throws `completion-unknown`. */
export async function lessonOf(options: {
  readonly request: CorrectionRequest;
  readonly loaded: LoadedModel;
  readonly given: GivenCompletions;
  readonly resolver: ProjectResolver;
}): Promise<Lesson> {
  const { request, resolver } = options;
  const { tokenizer, form } = options.loaded;
  switch (request.kind) {
    case "completion":
    case "accepted": {
      const { project, prompt, text } = knownCompletion(options, request.completionId);
      const wanted = request.kind === "completion" ? request.wanted : request.kept;
      const source = request.kind === "completion" ? "teach" : "edit";
      const taught = correctionOf({ tokenizer, prompt, rejected: text, wanted, stop: STOP });
      return { project, origin: "completion", teaching: { source, ...taught } };
    }
    case "cursor": {
      const { where, prefix, suffix, wanted, rejected = "" } = request;
      const { project, path } = await resolver.placeOf(where);
      const prompt = completionPrompt({ tokenizer, path, prefix, suffix, form });
      const taught = correctionOf({ tokenizer, prompt, rejected, wanted, stop: STOP });
      return { project, origin: "completion", teaching: { source: "teach", ...taught } };
    }
    case "answer": {
      const { project } = await resolver.placeOf({ file: null, folder: request.folder });
      return { project, origin: "answer", teaching: answerTeaching(options.loaded, request) };
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

function answerTeaching(
  { tokenizer }: LoadedModel,
  { turns, rejected, wanted }: Extract<CorrectionRequest, { kind: "answer" }>,
): Teaching {
  const template = chatTemplateOf(tokenizer);
  const tokens = template.prompt(turns);
  return {
    source: "teach",
    prompt: { text: tokenizer.decode(tokens), tokens },
    boundary: tokens.length - 1,
    rejected: template.answer(rejected),
    wanted: template.answer(wanted),
    ...template.ending,
  };
}
