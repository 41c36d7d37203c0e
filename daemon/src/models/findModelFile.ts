/** From what a person names (a file, a folder, an imported model's name) to the file that holds the tensors. */

import { readdir, stat } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { AppError } from "../base/errors.js";

/** In a folder, whichever comes first; without any of them, the only file of these kinds. */
const USUAL_NAMES = ["model.safetensors", "model.safetensors.index.json", "model.pth"];
const MODEL_ENDINGS = [".safetensors", ".pth", ".gguf"];

/** Finds a model by name or path: what `ouro model import` gave a name comes first, unless a path of that name exists. */
export async function findNamedModel(options: {
  readonly named: string;
  /** Absolute. */
  readonly path: string;
  /** Folder of imported models. */
  readonly models: string;
}): Promise<string> {
  const { named, path, models } = options;
  const isPath = (await stat(path).catch(() => undefined)) !== undefined;
  const imported = join(models, basename(named));
  const isImported = named === basename(named) && (await stat(imported).catch(() => undefined)) !== undefined;
  return findModelFile(!isPath && isImported ? imported : path);
}

/** Throws AppError `input-invalid` for a folder without a model, or with several. */
export async function findModelFile(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw new AppError("input-invalid", `there is no model file or folder ${path}`);
  if (!found.isDirectory()) return path;
  const names = (await readdir(path)).sort();
  const usual = USUAL_NAMES.find((name) => names.includes(name));
  if (usual !== undefined) return join(path, usual);
  const candidates = names.filter((name) => MODEL_ENDINGS.includes(extname(name)));
  const [only, second] = candidates;
  if (only === undefined) {
    throw new AppError("input-invalid", `the folder ${path} holds no ${MODEL_ENDINGS.join(", ")} file`);
  }
  if (second !== undefined) {
    throw new AppError("input-invalid", `the folder ${path} holds several models; name one, such as ${only}`);
  }
  return join(path, only);
}

/** A name for a model out of its path: of the folder where the file has a usual name, else of the file. */
export function modelNameOf(path: string): string {
  const isUsual = USUAL_NAMES.includes(basename(path));
  const name = isUsual ? basename(join(path, "..")) : basename(path, extname(path));
  return name.replaceAll(/[^\w.-]+/g, "-").replace(/^[.-]+/, "") || "model";
}
