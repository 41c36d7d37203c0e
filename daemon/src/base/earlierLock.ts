/**
 * The lock of older versions, which was a name in a folder: process id, start time and a random part. A lock of
 * ours holds such a name as well, so that an older version, whose daemon or command may run beside this one while it is
 * updated, sees it and is seen. Among newer versions it decides nothing.
 */

import { randomBytes } from "node:crypto";
import { open, readdir, readFile, unlink } from "node:fs/promises";
import { join } from "node:path";
import { systemErrorCode } from "./errors.js";

/** Holds a name in `folder` from now on. The result is its path: its owner's to remove, no other has the same. */
export async function holdName(folder: string): Promise<string> {
  const path = join(folder, `${process.pid}.${await startOf(process.pid)}.${randomBytes(6).toString("hex")}`);
  await (await open(path, "wx", 0o600)).close();
  return path;
}

/** The id of a living process that holds another name than `own`. Who has an own one removes those of the dead. */
export async function earlierHolder(folder: string, own?: string): Promise<number | undefined> {
  for (const name of await namesIn(folder)) {
    if (join(folder, name) === own) continue;
    const [pid = "", start = ""] = name.split(".");
    if (await isAlive(Number(pid), start)) return Number(pid);
    if (own !== undefined) await unlink(join(folder, name)).catch(() => undefined);
  }
  return undefined;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch((error: unknown) => {
    if (systemErrorCode(error) === "ENOENT") return [];
    throw error;
  });
}

async function isAlive(pid: number, start: string): Promise<boolean> {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (systemErrorCode(error) !== "EPERM") return false;
  }
  return (await startOf(pid)) === start && !(await hasDied(pid));
}

/**
 * Boot and clock tick at which a process began, where the system tells (Linux): a process id is given again, this
 * is not. Elsewhere a constant, so that there a name counts while its process id is in use.
 */
async function startOf(pid: number): Promise<string> {
  try {
    const boot = await readFile("/proc/sys/kernel/random/boot_id", "utf8");
    return `${boot.slice(0, 8)}-${(await statusOf(pid))[19]}`;
  } catch {
    return "unknown";
  }
}

/**
 * A dead process keeps its id until its parent has asked how it ended, which in some containers nobody ever does. Its
 * first thread may be dead before the others, which may still be writing.
 */
async function hasDied(pid: number): Promise<boolean> {
  try {
    const [state] = await statusOf(pid);
    return state === "Z" && (await readdir(`/proc/${pid}/task`)).length <= 1;
  } catch {
    return false;
  }
}

/** From field 3 of proc(5)'s stat on: the second field, the program's name, may itself hold spaces and brackets. */
async function statusOf(pid: number): Promise<readonly string[]> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}
