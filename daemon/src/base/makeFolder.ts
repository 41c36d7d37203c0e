/**
 * Makes a folder and those above it. Node's own way (`recursive`) never comes back where a folder cannot be made although
 * the one above it is there, as under /proc: it makes the one above again and again.
 */

import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { systemErrorCode } from "./errors.js";

/** Does nothing where it is there already. `mode`: of those that are made. Throws what the system says. */
export async function makeFolder(path: string, mode?: number): Promise<void> {
  try {
    await makeOne(path, mode);
  } catch (error) {
    const above = dirname(path);
    if (systemErrorCode(error) !== "ENOENT" || above === path) throw error;
    await makeFolder(above, mode);
    await makeOne(path, mode);
  }
}

async function makeOne(path: string, mode: number | undefined): Promise<void> {
  try {
    await mkdir(path, { mode });
  } catch (error) {
    const found = await stat(path).catch(() => undefined);
    if (!found?.isDirectory()) throw error;
  }
}
