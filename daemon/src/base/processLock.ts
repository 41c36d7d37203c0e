/**
 * Something that one process at a time may hold, across processes, surviving kill -9 of a holder: a journal, the
 * place of the one daemon.
 *
 * Node offers no flock, and a lock file with a process id has a hole: two processes that find the same dead
 * holder may each remove "it", the second one removing the first one's fresh lock. So nobody ever removes a name
 * that somebody else may take again: each contender creates a file of its own, named by process id, start time
 * and a random part, and only then looks whether a living one besides it is there. Both of two simultaneous
 * contenders may see each other and step back, never may both go ahead. Names of the dead are unique, so
 * removing them is safe.
 */

import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, open, readdir, readFile, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { systemErrorCode } from "./errors.js";

export interface Lock {
  /** Idempotent. */
  release(): Promise<void>;
}

/** Contenders that met are let apart by a random wait; three tries make a common failure very unlikely. */
const TRIES_MAX = 3;
const RETRY_DELAY_MS_MAX = 40;

/** Takes the lock or throws what `busy` makes of the holder's process id. `folder` is created if missing. */
export async function takeLock(options: {
  readonly folder: string;
  readonly busy: (holder: number) => Error;
  /** More than a few where many contenders start at one moment and one of them must win. */
  readonly triesMax?: number;
}): Promise<Lock> {
  const { folder, busy, triesMax = TRIES_MAX } = options;
  await mkdir(folder, { recursive: true });
  for (let attempt = 1; ; attempt++) {
    const name = `${process.pid}.${await startOf(process.pid)}.${randomBytes(6).toString("hex")}`;
    await (await open(join(folder, name), "wx")).close();
    const holder = await livingHolderBesides(folder, name);
    if (holder === undefined) return lockOf(join(folder, name));
    await unlink(join(folder, name));
    if (attempt >= triesMax) throw busy(holder);
    await delay(Math.random() * RETRY_DELAY_MS_MAX);
  }
}

/**
 * The process id of whoever holds the lock; where nobody does, of one that contends for it now; undefined: it is free.
 * Creates nothing.
 */
export async function lockHolder(folder: string): Promise<number | undefined> {
  try {
    return await livingHolderBesides(folder, "");
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

function lockOf(path: string): Lock {
  return {
    async release() {
      await unlink(path).catch((error: unknown) => {
        if (systemErrorCode(error) !== "ENOENT") throw error;
      });
    },
  };
}

/** The process id of a living contender other than `own`, the holder's if there is one; removes the names of dead ones. */
async function livingHolderBesides(folder: string, own: string): Promise<number | undefined> {
  for (const name of await oldestFirst(folder)) {
    if (name === own) continue;
    const [pid = "", start = ""] = name.split(".");
    if (await isAlive(Number(pid), start)) return Number(pid);
    await unlink(join(folder, name)).catch(() => undefined);
  }
  return undefined;
}

/** Whoever holds the lock found no living one beside it, so all others that live came after it. */
async function oldestFirst(folder: string): Promise<readonly string[]> {
  const made = await Promise.all(
    (await readdir(folder)).map(async (name) => {
      try {
        return [{ name, at: (await stat(join(folder, name), { bigint: true })).mtimeNs }];
      } catch (error) {
        // A contender that has stepped back meanwhile contends no longer.
        if (systemErrorCode(error) === "ENOENT") return [];
        throw error;
      }
    }),
  );
  return made
    .flat()
    .sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
    .map(({ name }) => name);
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
 * is not. Elsewhere a constant, so that there a lock counts as held while its process id is in use.
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

/** As proc(5) and ps(1) call a process that was stopped, by a signal or by who traces it. */
const STOPPED = /^\s*[Tt]/;

/** Such a process answers nobody until it is let go on. Throws where the system does not tell. */
export async function isStopped(pid: number): Promise<boolean> {
  if (process.platform === "win32") return false;
  if (process.platform === "linux") return STOPPED.test((await statusOf(pid))[0] ?? "");
  return STOPPED.test((await promisify(execFile)("ps", ["-o", "state=", "-p", String(pid)])).stdout);
}
