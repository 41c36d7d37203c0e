/**
 * The journal's one writer: appends records to numbered segments and acknowledges each only when it is on disk.
 * The single source of truth of what the user taught. Its format is in `line.ts`, reading it in `segments.ts`.
 */

import { type FileHandle, open, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { syncFolder } from "../base/atomicFile.js";
import { AppError, systemErrorCode } from "../base/errors.js";
import type { LockHolder } from "../base/lockRecord.js";
import { type Lock, takeLock } from "../base/processLock.js";
import { encodeLine } from "./line.js";
import type { JournalRecord } from "./records.js";
import { type Damage, listSegments, readJournal, segmentName } from "./segments.js";

/** Small enough to be rewritten whole when a user wants something forgotten. */
const SEGMENT_BYTES_MAX = 8 << 20;
/** A caller awaits its appends; more than this many waiting is a bug. */
const APPENDS_WAITING_MAX = 256;
/** Step of the backward search for the last newline. */
const TAIL_BLOCK_BYTES = 64 << 10;

interface JournalOptions {
  readonly folder: string;
  /** Folder of the lock; on the same machine as the writers. */
  readonly lockFolder: string;
  readonly onRecord: (record: JournalRecord) => void;
  /** For tests. */
  readonly segmentBytesMax?: number;
}

/**
 * Takes the lock, reads every record, cuts a torn tail, and is then ready to append.
 * Throws `journal-busy`, `journal-read`, `journal-newer`, `journal-write`.
 */
export async function openJournal(options: JournalOptions): Promise<Journal> {
  const lock = await takeLock({ folder: options.lockFolder, busy: journalBusy });
  try {
    const { damage } = await readJournal(options);
    const segment = (await listSegments(options.folder)).at(-1) ?? 1;
    const path = join(options.folder, segmentName(segment));
    const file = await openSegment(path);
    const length = await cutTail(file);
    return new Journal({ ...options, lock, damage, file, path, segment, length });
  } catch (error) {
    await lock.release();
    throw error;
  }
}

function journalBusy(holder: LockHolder): AppError {
  return new AppError(
    "journal-busy",
    `another ouro is learning (${holder.name}); wait until it has finished, or stop it`,
  );
}

interface Opened extends JournalOptions {
  readonly lock: Lock;
  readonly damage: readonly Damage[];
  readonly file: FileHandle;
  readonly path: string;
  readonly segment: number;
  readonly length: number;
}

export class Journal {
  /** What was wrong when it was opened; a torn tail has been cut since. */
  readonly damage: readonly Damage[];
  readonly #folder: string;
  readonly #lock: Lock;
  readonly #segmentBytesMax: number;
  #file: FileHandle;
  #path: string;
  #segment: number;
  #length: number;
  #waiting = 0;
  #last: Promise<void> = Promise.resolve();
  #broken: AppError | undefined;

  /** Use `openJournal`. */
  constructor(opened: Opened) {
    this.damage = opened.damage;
    this.#folder = opened.folder;
    this.#lock = opened.lock;
    this.#segmentBytesMax = opened.segmentBytesMax ?? SEGMENT_BYTES_MAX;
    this.#file = opened.file;
    this.#path = opened.path;
    this.#segment = opened.segment;
    this.#length = opened.length;
  }

  /**
   * Resolves once the record is on disk; appends keep the order of their calls. Throws `journal-write` with
   * nothing added (the disk is full), after which the journal can be used again; `record-too-long`.
   */
  append(record: JournalRecord): Promise<void> {
    const line = encodeLine(record);
    if (this.#waiting >= APPENDS_WAITING_MAX) {
      throw new AppError("journal-write", "too many records are waiting to be written");
    }
    this.#waiting++;
    const appended = this.#last.then(() => this.#write(line)).finally(() => this.#waiting--);
    this.#last = appended.catch(() => undefined);
    return appended;
  }

  /** Waits for pending appends, then gives the lock back. Idempotent. */
  async close(): Promise<void> {
    await this.#last;
    if (this.#broken?.message === CLOSED) return;
    this.#broken = new AppError("journal-write", CLOSED);
    await this.#file.close();
    await this.#lock.release();
  }

  async #write(line: Buffer): Promise<void> {
    if (this.#broken) throw this.#broken;
    try {
      if (this.#length > 0 && this.#length + line.length > this.#segmentBytesMax) await this.#rotate();
      const { bytesWritten } = await this.#file.write(line, 0, line.length, this.#length);
      if (bytesWritten < line.length)
        throw new Error(`only ${bytesWritten} of ${line.length} bytes were written`);
      await this.#file.datasync();
      this.#length += line.length;
    } catch (error) {
      await this.#takeBack();
      throw unwritable(this.#path, error);
    }
  }

  /** Half a line, or a whole one whose fsync failed, was never acknowledged and must not precede the next. */
  async #takeBack(): Promise<void> {
    try {
      await this.#file.truncate(this.#length);
    } catch (error) {
      this.#broken = unwritable(this.#path, error);
    }
  }

  async #rotate(): Promise<void> {
    const path = join(this.#folder, segmentName(this.#segment + 1));
    const file = await openSegment(path);
    const full = this.#file;
    this.#segment++;
    this.#path = path;
    this.#file = file;
    this.#length = (await file.stat()).size;
    await full.close();
  }
}

const CLOSED = "the journal was closed";

/** Opens for reading and writing, creating it durably if it is missing. */
async function openSegment(path: string): Promise<FileHandle> {
  try {
    const isNew = (await stat(path).catch(() => undefined)) === undefined;
    const file = await open(path, isNew ? "wx+" : "r+", 0o600);
    if (isNew) await syncFolder(dirname(path));
    return file;
  } catch (error) {
    throw unwritable(path, error);
  }
}

/** Cuts what follows the last newline and returns the length that is left. */
async function cutTail(file: FileHandle): Promise<number> {
  const { size } = await file.stat();
  const block = Buffer.alloc(TAIL_BLOCK_BYTES);
  let end = size;
  while (end > 0) {
    const start = Math.max(0, end - TAIL_BLOCK_BYTES);
    const { bytesRead } = await file.read(block, 0, end - start, start);
    const newline = block.subarray(0, bytesRead).lastIndexOf(0x0a);
    if (newline >= 0) {
      end = start + newline + 1;
      break;
    }
    end = start;
  }
  if (end < size) {
    await file.truncate(end);
    await file.sync();
  }
  return end;
}

function unwritable(path: string, error: unknown): AppError {
  if (error instanceof AppError) return error;
  const reason = systemErrorCode(error) ?? (error instanceof Error ? error.message : "unknown reason");
  return new AppError("journal-write", `cannot write to ${path} (${reason}); nothing was learned or lost`, {
    cause: error,
  });
}
