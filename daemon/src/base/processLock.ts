/**
 * Something that one process at a time may hold, across processes, surviving kill -9 of a holder: a journal, the
 * place of the one daemon.
 *
 * The lock is the system's, on an open file that stays where it is for ever: whoever unlinked it could leave a second
 * one to lock its successor. It is known in every process namespace of the machine. Machines and virtual machines that
 * share a folder may not be told of each other's locks, so what the holder writes into the file counts as well: one
 * of another system holds the lock until it has written nothing for long. Where a file system has no locks, nothing can
 * be taken: a sentence says so, and nothing is lost.
 */

import { constants } from "node:fs";
import { type FileHandle, mkdir, stat, unlink, writeFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { tryLock } from "@ouroboros/native/fileLock";
import { earlierHolder, holdName } from "./earlierLock.js";
import { reasonOf } from "./errorMessage.js";
import { AppError, systemErrorCode } from "./errors.js";
import {
  holderOf,
  isElsewhere,
  type LockHolder,
  type LockRecord,
  newLockRecord,
  parseLockRecord,
  RECORD_BYTES_MAX,
} from "./lockRecord.js";
import { openRegularFile } from "./regularFile.js";
import { isSameFile } from "./sameFile.js";
import { writeWhole } from "./writeWhole.js";

export interface Lock {
  /** Resolves, at most a few seconds late, when `isHeld` has become false: never while all is well. */
  readonly lost: Promise<void>;
  /** Whether its path still leads to what was locked: not once its folder was deleted, moved or replaced. */
  isHeld(): Promise<boolean>;
  /** Leaves alone what is not its own any more. Idempotent. */
  release(): Promise<void>;
}

/** Contenders and those who only look are in each other's way for a moment; then they are let apart by a random wait. */
const TRIES_MAX = 3;
const RETRY_DELAY_MS_MAX = 40;
/** How often a holder writes that it lives, and sees whether its file is still there. */
const BEAT_MS = 5_000;
/** Six beats: a busy or suspended machine misses some. After a crash of the whole system its user waits as long. */
const SILENT_MS_MAX = 30_000;
/** Between taking the lock and writing who it is lies less than this. */
const RECORD_READS_MAX = 5;
const RECORD_READ_DELAY_MS = 10;
/** Windows does not know the word. */
const NO_LINK = constants.O_NOFOLLOW ?? 0;

/** Takes the lock or throws what `busy` makes of its holder. `folder` is created if missing. Throws `lock-refused`. */
export async function takeLock(options: {
  readonly folder: string;
  readonly busy: (holder: LockHolder) => Error;
  /** More than a few where a holder is about to end. */
  readonly triesMax?: number;
}): Promise<Lock> {
  const { folder, busy, triesMax = TRIES_MAX } = options;
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw unwritable(folder, error);
  });
  for (let attempt = 1; ; attempt++) {
    const taken = await tryOnce(folder);
    if (taken.kind === "held") return taken.lock;
    if (attempt >= triesMax) throw busy(taken.holder);
    await delay(Math.random() * RETRY_DELAY_MS_MAX);
  }
}

/** Whoever holds the lock, or takes it just now; undefined: it is free. Creates and takes nothing. */
export async function lockHolder(folder: string): Promise<LockHolder | undefined> {
  const path = pathIn(folder);
  const file = await openLockFile(path, constants.O_RDONLY).catch((error: unknown) => {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw error;
  });
  if (file === undefined) return earlierIn(folder);
  try {
    if (!lock(file, path, "shared")) return await holderIn(file);
    return (await livingElsewhere(file, path)) ?? (await earlierIn(folder));
  } finally {
    await file.close();
  }
}

type Taken =
  | { readonly kind: "held"; readonly lock: Lock }
  | { readonly kind: "busy"; readonly holder: LockHolder };

async function tryOnce(folder: string): Promise<Taken> {
  const path = pathIn(folder);
  const file = await openLockFile(path, constants.O_RDWR | constants.O_CREAT);
  let name: string | undefined;
  const leave = async () => {
    if (name !== undefined) await unlink(name).catch(() => undefined);
    await file.close();
  };
  try {
    const holder = lock(file, path, "exclusive") ? await livingBeside(file, path) : await holderIn(file);
    if (holder === undefined) name = await holdName(folder);
    const busy = holder ?? (await earlierIn(folder, name));
    if (busy !== undefined || name === undefined) {
      await leave();
      return { kind: "busy", holder: busy ?? UNKNOWN_HOLDER };
    }
    return { kind: "held", lock: await beginHolding({ file, path, name }) };
  } catch (error) {
    await leave().catch(() => undefined);
    throw unwritable(path, error);
  }
}

/** Where its folder has gone, its taker says so. */
function unwritable(path: string, error: unknown): unknown {
  const code = systemErrorCode(error);
  if (error instanceof AppError || code === undefined || code === "ENOENT") return error;
  const message = `cannot write to ${path} (${reasonOf(error)}), so nothing can be learned or served there`;
  return new AppError("lock-refused", message, { cause: error });
}

function pathIn(folder: string): string {
  return `${folder}.held`;
}

/** For who has the lock: whoever is in its way all the same. */
async function livingBeside(file: FileHandle, path: string): Promise<LockHolder | undefined> {
  // Its folder was deleted or replaced just now: what was locked is nobody's lock any more.
  if (!(await isSameFile(path, file))) return UNKNOWN_HOLDER;
  return livingElsewhere(file, path);
}

async function openLockFile(path: string, flags: number): Promise<FileHandle> {
  try {
    return await openRegularFile(path, flags | NO_LINK, 0o600);
  } catch (error) {
    const reason = systemErrorCode(error);
    if (reason === undefined || reason === "ENOENT") throw error;
    throw new AppError(
      "lock-refused",
      `cannot open ${path} (${reason}); remove it, or check its permissions`,
      {
        cause: error,
      },
    );
  }
}

function lock(file: FileHandle, path: string, kind: "shared" | "exclusive"): boolean {
  try {
    return tryLock(file.fd, kind);
  } catch (error) {
    // Without a cause the engine itself is missing, which says so better.
    if (!(error instanceof Error) || error.cause === undefined) throw error;
    throw new AppError(
      "lock-refused",
      `cannot lock ${path} (${error.message}); set OURO_HOME to a folder on a disk of this machine`,
      { cause: error },
    );
  }
}

const UNKNOWN_HOLDER: LockHolder = { id: "", pid: 0, isHere: false, name: "a process that has just begun" };

async function holderIn(file: FileHandle): Promise<LockHolder> {
  for (let read = 0; read < RECORD_READS_MAX; read++) {
    const record = await readRecord(file);
    if (record !== undefined) return holderOf(record);
    await delay(RECORD_READ_DELAY_MS);
  }
  return UNKNOWN_HOLDER;
}

async function readRecord(file: FileHandle): Promise<LockRecord | undefined> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(RECORD_BYTES_MAX), 0, RECORD_BYTES_MAX, 0);
  return parseLockRecord(buffer.toString("utf8", 0, bytesRead));
}

async function earlierIn(folder: string, own?: string): Promise<LockHolder | undefined> {
  const pid = await earlierHolder(folder, own);
  return pid === undefined ? undefined : { id: `earlier-${pid}`, pid, isHere: true, name: `process ${pid}` };
}

/** The holder under another system, unless it has been silent for long by the clock of the file system itself. */
async function livingElsewhere(file: FileHandle, path: string): Promise<LockHolder | undefined> {
  const record = await readRecord(file);
  if (record === undefined || !isElsewhere(record)) return undefined;
  const now = await clockBeside(path);
  const { mtimeMs } = await file.stat();
  return now - mtimeMs < SILENT_MS_MAX ? holderOf(record) : undefined;
}

/** Clocks of machines differ; all files in one folder get their times from the same. */
async function clockBeside(path: string): Promise<number> {
  const probe = `${path}.${newLockRecord().id}.tmp`;
  try {
    await writeFile(probe, "now", { flag: "wx", mode: 0o600 });
    return (await stat(probe)).mtimeMs;
  } finally {
    await unlink(probe).catch(() => undefined);
  }
}

async function beginHolding(held: {
  readonly file: FileHandle;
  readonly path: string;
  /** For older versions. */
  readonly name: string;
}): Promise<Lock> {
  const { file, path, name } = held;
  const record = newLockRecord();
  // Always as long as it was, so that nobody reads half a record.
  const line = Buffer.from(`${JSON.stringify(record)}\n`);
  const beat = () => writeWhole(file, line, 0);
  await file.truncate(0);
  await beat();
  const isHeld = async () => (await recordAt(path, file))?.id === record.id;
  let isReleased = false;
  let lose: () => void = () => undefined;
  const lost = new Promise<void>((resolve) => {
    lose = resolve;
  });
  const timer = setInterval(() => {
    // A file system that does not answer just now proves nothing: the next beat asks again.
    void isHeld()
      .then(async (isStill) => (isStill ? void (await beat()) : lose()))
      .catch(() => undefined);
  }, BEAT_MS).unref();
  return {
    lost,
    isHeld: async () => !isReleased && (await isHeld()),
    async release() {
      if (isReleased) return;
      isReleased = true;
      clearInterval(timer);
      await unlink(name).catch(() => undefined);
      // Unless another system has taken it over from a holder that was silent for long.
      if ((await readRecord(file).catch(() => undefined))?.id === record.id) {
        await file.truncate(0).catch(() => undefined);
      }
      await file.close();
    },
  };
}

/** What stands at `path`; undefined where another file than `file`, or none, is there now. */
async function recordAt(path: string, file: FileHandle): Promise<LockRecord | undefined> {
  return (await isSameFile(path, file)) ? readRecord(file) : undefined;
}
