// Where the scripts find things, and the few facts about this machine that they share.
import os from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** Logs, a second Node for the tests, a sanitizer's results: never committed, erased at will. */
export const cacheFolder = join(root, ".cache");

/** A C++ file with the addon's headers needs about this much while it compiles. */
const MEMORY_PER_COMPILER_GIB = 1;

/** Compilers to run at once: as many as cores, as long as memory lasts. */
export function compilersAtOnce() {
  const byMemory = Math.floor(os.freemem() / 2 ** 30 / MEMORY_PER_COMPILER_GIB);
  return Math.max(1, Math.min(os.availableParallelism(), byMemory));
}
