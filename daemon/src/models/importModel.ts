/** Any model file becomes a hub folder of the data home, whole or not at all. */

import { randomBytes } from "node:crypto";
import { chmod, mkdir, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { moveIntoPlace, TEMPORARY_SUFFIX } from "../base/atomicFile.js";
import { AppError } from "../base/errors.js";
import { readRegularText } from "../base/regularFile.js";
import {
  type Cancelled,
  convertModel,
  type Engine,
  loadTokenizer,
  type MatrixType,
  readModelFile,
} from "../engine/engine.js";
import { HUB_MODEL_FILE, writeHubFiles } from "./hubFolder.js";
import { checkVocabularyFits } from "./modelFiles.js";
import { shapeOf } from "./modelShape.js";

export interface ImportOptions {
  readonly engine: Engine;
  /** The file with the tensors. */
  readonly source: string;
  readonly vocabularyPath: string;
  /** Folder of imported models. */
  readonly models: string;
  readonly name: string;
  /** Default: as the source has it. */
  readonly type: MatrixType | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, total: number) => void;
}

const NAME = /^\w[\w.-]{0,99}$/;

/** Throws AppError `input-invalid` for a name that cannot be used or is taken, and EngineError as loading does. */
export async function importModel(
  options: ImportOptions,
): Promise<{ readonly kind: "finished"; readonly path: string } | Cancelled> {
  const { engine, source, models, name, type, signal, onProgress } = options;
  if (!NAME.test(name))
    throw new AppError("input-invalid", `"${name}" cannot be the name of a model's folder`);
  const folder = join(models, name);
  if ((await stat(folder).catch(() => undefined)) !== undefined) {
    throw new AppError(
      "input-invalid",
      `there is a model ${folder} already; choose another name with --name`,
    );
  }
  const info = shapeOf(readModelFile(source));
  const tokenizer = loadTokenizer(options.vocabularyPath);
  checkVocabularyFits({
    checkpoint: source,
    rows: info.vocabularySize,
    vocabulary: options.vocabularyPath,
    tokens: tokenizer.size,
  });
  const temporary = join(models, `.${name}.${randomBytes(6).toString("hex")}${TEMPORARY_SUFFIX}`);
  await mkdir(temporary, { mode: 0o700 });
  try {
    const destination = join(temporary, HUB_MODEL_FILE);
    const converted = await convertModel(engine, {
      source,
      destination,
      format: "safetensors",
      ...(type !== undefined && { type }),
      signal,
      onProgress,
    });
    if (converted.kind === "cancelled") return converted;
    await chmod(destination, 0o600);
    // What cannot answer is found now, not when it is chosen.
    await engine.loadModel({ path: destination });
    if (signal.aborted) return { kind: "cancelled" };
    const completionForm = await completionFormBeside(source);
    await writeHubFiles(temporary, { name, info, tokenizer, source, completionForm });
    await moveIntoPlace(temporary, folder);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  return { kind: "finished", path: join(folder, HUB_MODEL_FILE) };
}

const configSchema = z.object({ completionForm: z.string() });

async function completionFormBeside(source: string): Promise<string | undefined> {
  const text = await readRegularText(join(dirname(source), "config.json")).catch(() => "{}");
  try {
    return configSchema.safeParse(JSON.parse(text)).data?.completionForm;
  } catch {
    return undefined;
  }
}
