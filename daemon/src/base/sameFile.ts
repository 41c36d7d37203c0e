/**
 * Whether a path still leads to the file that was opened there. A folder can be deleted, moved or replaced under a
 * running process: what it holds open stays writable, and nobody finds again what is written there.
 */

import type { BigIntStats } from "node:fs";
import { type FileHandle, stat } from "node:fs/promises";
import { systemErrorCode } from "./errors.js";

/** The path leads nowhere any more, or a network file system has forgotten what it led to. */
const GONE: ReadonlySet<string | undefined> = new Set(["ENOENT", "ENOTDIR", "ELOOP", "ESTALE"]);

/** Throws what the system says where it cannot tell. */
export async function isSameFile(path: string, file: FileHandle): Promise<boolean> {
  const [there, open] = await Promise.all([statOf(path), file.stat({ bigint: true })]);
  return there !== undefined && isSame(there, open);
}

/** Undefined: nothing is there. */
async function statOf(path: string): Promise<BigIntStats | undefined> {
  try {
    return await stat(path, { bigint: true });
  } catch (error) {
    if (GONE.has(systemErrorCode(error))) return undefined;
    throw error;
  }
}

/** No two things that exist at once have the same. */
function isSame(one: BigIntStats, other: BigIntStats): boolean {
  return one.dev === other.dev && one.ino === other.ino;
}
