/** What a model is shown of a file to predict: stretches of tokens, each from the zero State, after the file's header. */

import type { Tokenizer } from "../../engine/engine.js";
import { controlsOf, END_OF_DOCUMENT } from "../../prompt/controls.js";
import { concatenate, encodeText } from "../../prompt/encodeText.js";
import { fileHeader } from "../../prompt/format.js";
import type { EvaluationFile } from "./projects.js";

export interface TextWindow {
  /** Read before the text and not scored: end of document, and the file's path where the vocabulary has a token for it. */
  readonly header: Uint32Array;
  /** Text tokens, every one of them scored. */
  readonly tokens: Uint32Array;
}

/** A file's tokens in stretches of `windowTokens`, the last one shorter; a shorter file is one window. */
export function windowsOf(options: {
  readonly tokenizer: Tokenizer;
  readonly file: Pick<EvaluationFile, "path" | "text">;
  readonly windowTokens: number;
}): readonly TextWindow[] {
  const { tokenizer, file, windowTokens } = options;
  const header = documentHeader(tokenizer, file.path);
  return cutEvery(encodeText(tokenizer, file.text), windowTokens).map((tokens) => ({ header, tokens }));
}

export function cutEvery(tokens: Uint32Array, length: number): readonly Uint32Array[] {
  return Array.from({ length: Math.ceil(tokens.length / length) }, (_, index) =>
    tokens.subarray(index * length, (index + 1) * length),
  );
}

/** The tokens with which documents begin in training. */
function documentHeader(tokenizer: Tokenizer, path: string): Uint32Array {
  const controls = controlsOf(tokenizer);
  const file = controls === undefined ? [] : fileHeader({ tokenizer, controls }, path);
  return concatenate([[END_OF_DOCUMENT], file]);
}
