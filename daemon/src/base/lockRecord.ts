/**
 * What the holder of a lock writes into the lock's file: who it is, for the sentence that names it, and that it lives,
 * for those whom the system does not tell of its lock: another machine on one network home, or a virtual machine that
 * is shown a folder of its host. Of these nobody is judged by a process id, which means something else there.
 */

import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { promisify } from "node:util";
import { z } from "zod";

const lockRecordSchema = z.object({
  /** Of this one holding; no other has it. */
  id: z.string(),
  pid: z.int().positive(),
  host: z.string(),
  /** One system has one from its start to its end: who has another is not told of our locks. */
  boot: z.string(),
  /** Process ids mean the same in one alone. */
  namespace: z.string(),
});
export type LockRecord = z.infer<typeof lockRecordSchema>;

/** Whoever holds a lock. */
export interface LockHolder {
  readonly id: string;
  readonly pid: number;
  /** Its process id means the same here. */
  readonly isHere: boolean;
  /** For a sentence: `process 123`, and where that is, if elsewhere. */
  readonly name: string;
}

/** The longest that is written, several times over. */
export const RECORD_BYTES_MAX = 4_096;

const systemWord = (read: () => string): string => {
  try {
    return read().trim();
  } catch {
    // Linux alone tells; elsewhere one name of a host has one system and one kind of process ids.
    return hostname();
  }
};

export function newLockRecord(): LockRecord {
  return { id: randomUUID(), pid: process.pid, host: hostname(), ...ownPlace() };
}

function ownPlace(): Pick<LockRecord, "boot" | "namespace"> {
  return {
    boot: systemWord(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8")),
    namespace: systemWord(() => readlinkSync("/proc/self/ns/pid")),
  };
}

/** Undefined: nobody has written, or not yet. */
export function parseLockRecord(text: string): LockRecord | undefined {
  try {
    return lockRecordSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Whether its holder runs under another system, which does not tell ours of its locks. */
export function isElsewhere(record: LockRecord): boolean {
  return record.boot !== ownPlace().boot;
}

export function holderOf(record: LockRecord): LockHolder {
  const { id, pid, host } = record;
  const own = ownPlace();
  const isHere = record.boot === own.boot && record.namespace === own.namespace;
  const place = record.boot === own.boot ? "in another container, " : "on ";
  return { id, pid, isHere, name: isHere ? `process ${pid}` : `process ${pid} ${place}${host}` };
}

/** As proc(5) and ps(1) call a process that was stopped, by a signal or by who traces it. */
const STOPPED = /^\s*[Tt]/;

/** Such a process answers nobody until it is let go on. Throws where the system does not tell. */
export async function isStopped({ pid, isHere }: LockHolder): Promise<boolean> {
  if (process.platform === "win32" || !isHere) return false;
  if (process.platform === "linux") {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return STOPPED.test(stat.slice(stat.lastIndexOf(")") + 2));
  }
  return STOPPED.test((await promisify(execFile)("ps", ["-o", "state=", "-p", String(pid)])).stdout);
}
