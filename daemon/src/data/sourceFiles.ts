/** Finds the readable source files under files and folders, in a fixed order, for measuring a model on them. */

import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../errors.js";

/** Written by people, in languages that the embedded model was trained on. */
const SOURCE_FILE = /\.(?:[mc]?[jt]sx?|md|py|c|cc|cpp|h|hpp)$/;
const SKIPPED_FOLDER = /^(?:node_modules|dist|build|\..*)$/;
/** Beyond these a measurement gains nothing and takes minutes to read. */
const FILES_MAX = 20_000;
const FILE_BYTES_MAX = 1024 * 1024;

/** Texts of all source files; those that are not UTF-8 or very large are left out. Throws when there are none. */
export async function readSources(paths: readonly string[]): Promise<readonly string[]> {
  const texts: string[] = [];
  for (const path of paths) {
    for (const file of await sourceFiles(path)) {
      const text = await readSource(file);
      if (text !== undefined && texts.length < FILES_MAX) texts.push(text);
    }
  }
  if (texts.length > 0) return texts;
  throw new AppError(
    "input-invalid",
    `${paths.join(", ")} holds no source files (.ts, .js, .md, .py, .c and the like)`,
  );
}

/** A file that was named counts whatever it is called. */
async function sourceFiles(path: string): Promise<readonly string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const entries = await readdir(path, { withFileTypes: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  const files: string[] = [];
  for (const entry of entries) {
    const child = join(path, entry.name);
    if (entry.isDirectory() && !SKIPPED_FOLDER.test(entry.name)) files.push(...(await sourceFiles(child)));
    else if (entry.isFile() && SOURCE_FILE.test(entry.name)) files.push(child);
  }
  return files;
}

async function readSource(path: string): Promise<string | undefined> {
  const bytes = await readFile(path);
  if (bytes.byteLength > FILE_BYTES_MAX) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes).replaceAll("\r\n", "\n");
  } catch {
    return undefined;
  }
}
