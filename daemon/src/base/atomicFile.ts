/**
 * A file that is either the old one or the new one, whatever happens: temp + fsync + rename + fsync of the folder.
 */

import { createHash, randomBytes } from "node:crypto";
import { lstat, open, readdir, rename, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { streamRegularFile } from "./regularFile.js";

/** Marks a file under construction; whoever scans a folder skips it and may delete it. */
export const TEMPORARY_SUFFIX = ".tmp";

export async function writeFileAtomic(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString("hex")}${TEMPORARY_SUFFIX}`;
  try {
    const file = await open(temporary, "wx", 0o600);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await moveIntoPlace(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
}

/** As `writeFileAtomic` names what it has begun, and the daemon a socket that is not at its place yet. */
const BEGUN = new RegExp(`(?:\\.[0-9a-f]{12}|^[0-9a-f]{4})\\${TEMPORARY_SUFFIX}$`);
/** Nothing is under construction for as long. */
const ABANDONED_AFTER_MS = 10 * 60_000;

/** Removes what writers that were killed have left in `folder`. What cannot be removed stays. */
export async function sweepTemporaries(folder: string, nowMs = Date.now()): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    if (!BEGUN.test(name)) continue;
    const path = join(folder, name);
    const left = await lstat(path).catch(() => undefined);
    const isAbandoned =
      left !== undefined && !left.isDirectory() && nowMs - left.mtimeMs > ABANDONED_AFTER_MS;
    if (isAbandoned) await unlink(path).catch(() => undefined);
  }
}

/** Renames a file or folder whose content is durable; once this resolves its new name is durable too. */
export async function moveIntoPlace(temporary: string, path: string): Promise<void> {
  await rename(temporary, path);
  await syncFolder(dirname(path));
}

/** Makes a created or renamed name durable. Windows has no such call and does not need it. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** sha256 of a file's bytes, lower-case hex; streams, so a large checkpoint needs no memory. Throws `not-a-file`. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of streamRegularFile(path)) hash.update(chunk);
  return hash.digest("hex");
}
