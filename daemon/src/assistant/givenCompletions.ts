/** The newest completions that clients were given, by id, with what a correction of one needs. */

import { NewestMap } from "../base/newestMap.js";
import type { CompletionPrompt } from "../prompt/completionPrompt.js";
import type { Project } from "../store/project.js";
import type { Where } from "./assistant.js";

/** A correction follows within minutes; a person sees about one completion a second at most. */
const GIVEN_MAX = 1000;

export type GivenCompletions = NewestMap<
  string,
  {
    /** Undefined: it was not known, and is asked for again of `where`. */
    readonly project: Project | undefined;
    readonly where: Where;
    /** The very prompt that it was the answer to. */
    readonly prompt: CompletionPrompt;
    /** The nearest document text before and after the cursor. */
    readonly place: { readonly prefix: string; readonly suffix: string };
    /** Hash of the tokenizer that made the prompt: a model with another one cannot be taught by it. */
    readonly vocabulary: string;
    readonly text: string;
  }
>;

export function createGivenCompletions(): GivenCompletions {
  return new NewestMap(GIVEN_MAX);
}
