/**
 * Which model some files are: the sha256 of checkpoint and vocabulary. The config.json of a model made here names them
 * (`modelHash`, `vocabularyHash`), so that a file that was damaged or exchanged is found when the model is loaded; other
 * models' files say nothing, and their hashes are computed once.
 */

import { dirname, extname, join } from "node:path";
import { z } from "zod";
import { AppError } from "../base/errors.js";
import { readRegularText } from "../base/regularFile.js";
import { loadTokenizer } from "../engine/engine.js";
import type { FileHashes } from "./fileHashes.js";

export const MODEL_CONFIG_FILE = "config.json";

const identitySchema = z.object({ modelHash: z.string().optional(), vocabularyHash: z.string().optional() });

/** Throws AppError `checkpoint-changed` where a file is not the one that the config.json beside it names. */
export async function checkIdentity(loaded: {
  readonly checkpoint: string;
  readonly modelHash: string;
  readonly vocabularyPath: string;
  readonly vocabularyHash: string;
}): Promise<void> {
  const { checkpoint, vocabularyPath } = loaded;
  const folder = dirname(checkpoint);
  const { modelHash, vocabularyHash } = await readIdentity(join(folder, MODEL_CONFIG_FILE));
  const refuse = (path: string) => {
    throw new AppError(
      "checkpoint-changed",
      `${path} is not the file that the ${MODEL_CONFIG_FILE} beside it names: it was damaged or exchanged; install or copy the model again`,
    );
  };
  if (modelHash !== undefined && modelHash !== loaded.modelHash) refuse(checkpoint);
  if (
    vocabularyHash !== undefined &&
    dirname(vocabularyPath) === folder &&
    vocabularyHash !== loaded.vocabularyHash
  )
    refuse(vocabularyPath);
}

/** What a project's corrections are filed under. */
export interface ModelIdentity {
  readonly hash: string;
  readonly vocabularyHash: string;
}

/** Loads nothing: what files are called by config.json or catalog is checked when they are loaded. */
export async function identifyModel(files: {
  readonly checkpoint: string;
  /** As the catalog has it. */
  readonly registeredHash: string | undefined;
  readonly vocabularyPath: string;
  readonly hashes: FileHashes;
}): Promise<ModelIdentity> {
  const { checkpoint, registeredHash, vocabularyPath, hashes } = files;
  const folder = dirname(checkpoint);
  const named = await readIdentity(join(folder, MODEL_CONFIG_FILE));
  const vocabularyNamed = dirname(vocabularyPath) === folder ? named.vocabularyHash : undefined;
  const compute = () => loadTokenizer(vocabularyPath).hash;
  const isInside = extname(vocabularyPath) === ".gguf";
  return {
    hash: registeredHash ?? named.modelHash ?? (await hashes.hashOf(checkpoint)),
    vocabularyHash:
      vocabularyNamed ??
      (await hashes.hashOf(vocabularyPath, isInside ? { name: "vocabulary", compute } : undefined)),
  };
}

async function readIdentity(path: string): Promise<z.infer<typeof identitySchema>> {
  try {
    return identitySchema.parse(JSON.parse(await readRegularText(path)));
  } catch {
    return {};
  }
}
