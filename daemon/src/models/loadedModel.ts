/** A model that is ready to answer, with everything that belongs to it. `compose.ts` makes it; closing its engine ends it. */

import type { Engine, Model, Tokenizer } from "../engine/engine.js";
import type { PromptForm } from "../prompt/completionPrompt.js";

export interface LoadedModel {
  readonly engine: Engine;
  readonly model: Model;
  readonly tokenizer: Tokenizer;
  readonly path: string;
  readonly vocabularyPath: string;
  readonly isEmbedded: boolean;
  /** The form of its prompts within a text. */
  readonly form: PromptForm;
}
