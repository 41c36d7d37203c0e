/**
 * What the config.json of a model made here says its files are (`modelHash`, `vocabularyHash`: sha256 of the files), so
 * that a file that was damaged or exchanged is found when the model is loaded. Other models' files say nothing.
 */

import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { AppError } from "../base/errors.js";

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

async function readIdentity(path: string): Promise<z.infer<typeof identitySchema>> {
  try {
    return identitySchema.parse(JSON.parse(await readFile(path, "utf8")));
  } catch {
    return {};
  }
}
