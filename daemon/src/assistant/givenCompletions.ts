/** The newest completions that clients were given, by id, with what a correction of one needs. */

import { GIVEN_BYTES_MAX } from "../base/memory/bounds.js";
import { NewestMap } from "../base/memory/newestMap.js";
import type { CompletionPrompt } from "../prompt/completionPrompt.js";
import type { Project } from "../store/project.js";
import type { Where } from "./assistant.js";

/** A correction follows within minutes; a person sees about one completion a second at most. */
const GIVEN_MAX = 1000;

interface GivenCompletion {
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

export type GivenCompletions = NewestMap<string, GivenCompletion>;

export function createGivenCompletions(): GivenCompletions {
  return new NewestMap(GIVEN_MAX, { bytesOf, bytesMax: GIVEN_BYTES_MAX });
}

/** The tokens, and two bytes for each character. */
function bytesOf({ prompt, place, text }: GivenCompletion): number {
  return prompt.tokens.byteLength + 2 * (place.prefix.length + place.suffix.length + text.length);
}
