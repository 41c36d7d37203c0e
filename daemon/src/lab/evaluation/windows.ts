/** What a model is shown of a file to predict: stretches of tokens, each from the zero State, after the file's header. */

import type { Tokenizer } from "../../engine/engine.js";
import { controlsOf, END_OF_DOCUMENT } from "../../prompt/controls.js";
import { concatenate, encodeText } from "../../prompt/encodeText.js";
import { fileHeader } from "../../prompt/format.js";
import type { EvaluationFile } from "./projects.js";

export interface TextWindow {
  /** Read before the text and not scored: end of document, and the file's header where the vocabulary has one. */
  readonly lead: Uint32Array;
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
  const lead = leadOf(tokenizer, file.path);
  return cutEvery(encodeText(tokenizer, file.text), windowTokens).map((tokens) => ({ lead, tokens }));
}

export function cutEvery(tokens: Uint32Array, length: number): readonly Uint32Array[] {
  return Array.from({ length: Math.ceil(tokens.length / length) }, (_, index) =>
    tokens.subarray(index * length, (index + 1) * length),
  );
}

/** As documents begin in training. */
export function leadOf(tokenizer: Tokenizer, path: string): Uint32Array {
  const controls = controlsOf(tokenizer);
  const header = controls === undefined ? [] : fileHeader({ tokenizer, controls }, path);
  return concatenate([[END_OF_DOCUMENT], header]);
}
