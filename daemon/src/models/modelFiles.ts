/**
 * Which files make up a model: the checkpoint, and the vocabulary that belongs to it. Finds them; loads nothing.
 *
 * A vocab.txt beside the checkpoint is part of the model and cannot be overruled. Without one, the vocabulary is
 * named by the user, or the one inside a GGUF file, or the World vocabulary, where the number of rows says so.
 */

import { existsSync } from "node:fs";
import { dirname, extname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { AppError } from "../base/errors.js";
import { readModelFile } from "../engine/engine.js";

export const VOCABULARY_FILE = "vocab.txt";

/** Trainers round the number of rows up; more spare rows than this mean that the vocabulary is another one. */
const SPARE_ROWS_MAX = 512;

const EMBEDDED_FILE = "model.safetensors";

/**
 * `model/` beside the nearest folder that the running file lies in: beside src/ in the repository, beside the bundle's
 * dist/ there and in the extension. Where none holds a model, the place beside `from` itself, for the error to name.
 */
export function shippedModelFolder(from: string): string {
  const isShipped = (folder: string) => existsSync(join(folder, "model", EMBEDDED_FILE));
  let folder = from;
  while (!isShipped(folder) && dirname(folder) !== folder) folder = dirname(folder);
  return join(isShipped(folder) ? folder : dirname(from), "model");
}

function modelFolder(): string {
  return shippedModelFolder(dirname(fileURLToPath(import.meta.url)));
}

/** The model that ships with the product. */
export function embeddedModelPath(): string {
  return join(modelFolder(), EMBEDDED_FILE);
}

/** Windows of general code that learning must leave as they are; the same texts serve every model. */
export function embeddedAnchorsPath(): string {
  return join(modelFolder(), "anchors.json");
}

/** The vocabulary of the official World models, shipped unchanged. */
export function worldVocabularyPath(): string {
  return join(modelFolder(), "world", "rwkv_vocab_v20230424.txt");
}

/** Throws AppError `vocabulary-mismatch` when a named vocabulary contradicts the one beside the checkpoint. */
export function findVocabulary(options: {
  readonly checkpoint: string;
  /** From the user, or as registered with the checkpoint. */
  readonly named: string | undefined;
}): string {
  const beside = join(dirname(options.checkpoint), VOCABULARY_FILE);
  const { named } = options;
  if (!existsSync(beside)) return named ?? vocabularyInside(options.checkpoint) ?? worldVocabularyPath();
  if (named === undefined || resolve(named) === resolve(beside)) return beside;
  throw new AppError(
    "vocabulary-mismatch",
    `${options.checkpoint} has its own vocabulary beside it (${VOCABULARY_FILE}); leave out --vocab, or move that file`,
  );
}

/** The checkpoint itself, where it is a GGUF file with its vocabulary. */
function vocabularyInside(checkpoint: string): string | undefined {
  if (extname(checkpoint) !== ".gguf" || !existsSync(checkpoint)) return undefined;
  return readModelFile(checkpoint).metadata["tokenizer.ggml.model"] === "rwkv" ? checkpoint : undefined;
}

/** Throws AppError `vocabulary-mismatch` when a model's rows and a vocabulary's tokens cannot belong together. */
export function checkVocabularyFits(options: {
  readonly checkpoint: string;
  readonly rows: number;
  readonly vocabulary: string;
  readonly tokens: number;
}): void {
  const { checkpoint, rows, vocabulary, tokens } = options;
  if (tokens <= rows && rows - tokens <= SPARE_ROWS_MAX) return;
  throw new AppError(
    "vocabulary-mismatch",
    `${checkpoint} has ${rows} rows, but the vocabulary ${vocabulary} has ${tokens} tokens; name the right one with --vocab FILE`,
  );
}
