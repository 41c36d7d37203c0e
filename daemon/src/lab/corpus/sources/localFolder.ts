/** Reads the files of a local folder that belongs to a recipe. Follows no symbolic links. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { AppError, systemErrorCode } from "../../../base/errors.js";
import { pathWithin } from "../../../base/pathWithin.js";
import { readRegularFile } from "../../../base/regularFile.js";
import type { PackageFile } from "./packageFile.js";

/** The files that `isWanted` picks by path relative to `folder`. Throws AppError `input-invalid` without the folder. */
export async function readLocalFolder(
  folder: string,
  isWanted: (path: string) => boolean,
): Promise<PackageFile[]> {
  const files: PackageFile[] = [];
  for (const path of await pathsIn(folder)) {
    if (isWanted(path)) files.push({ path, bytes: await readRegularFile(join(folder, path)) });
  }
  return files;
}

async function pathsIn(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => pathWithin(folder, join(entry.parentPath, entry.name)))
      .sort();
  } catch (cause) {
    const code = systemErrorCode(cause);
    if (code !== "ENOENT" && code !== "ENOTDIR") throw cause;
    const message = `there is no folder ${folder}, which the recipe names; paths are relative to the recipe file`;
    throw new AppError("input-invalid", message, { cause });
  }
}
