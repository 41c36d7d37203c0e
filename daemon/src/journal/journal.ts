/**
 * The journal's one writer: appends records to numbered segments and acknowledges each only when it is on disk.
 * The single source of truth of what the user taught. Its format is in `line.ts`, reading it in `segments.ts`.
 *
 * Nothing is acknowledged that nobody would find again: before every record the file that is open is compared with what
 * its path leads to, with the length that this writer left, and with the lock. Once one differs the journal is lost to
 * this process for good.
 */

import { constants } from "node:fs";
import { type FileHandle, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { syncFolder } from "../base/atomicFile.js";
import { reasonOf } from "../base/errorMessage.js";
import { AppError } from "../base/errors.js";
import type { LockHolder } from "../base/lockRecord.js";
import { type Lock, takeLock } from "../base/processLock.js";
import { openRegularFile } from "../base/regularFile.js";
import { isSameFile } from "../base/sameFile.js";
import { writeWhole } from "../base/writeWhole.js";
import { encodeLine } from "./line.js";
import type { JournalRecord } from "./records.js";
import { type Damage, listSegments, readJournal, segmentName } from "./segments.js";

/** Small enough to be rewritten whole when a user wants something forgotten. */
const SEGMENT_BYTES_MAX = 8 << 20;
/** A caller awaits its appends; more than this many waiting is a bug. */
const APPENDS_WAITING_MAX = 256;
/** Step of the backward search for the last newline. */
const TAIL_BLOCK_BYTES = 64 << 10;
/** How often a journal that nobody writes to is looked at: the home may be gone. */
const LOOK_MS = 5_000;

export interface JournalOptions {
  readonly folder: string;
  /** Folder of the lock; on the same machine as the writers. */
  readonly lockFolder: string;
  readonly onRecord: (record: JournalRecord) => void;
  /** Called once, when the journal's files have become others or have gone. */
  readonly onLost?: (error: AppError) => void;
  /** For tests. */
  readonly segmentBytesMax?: number;
}

/**
 * Takes the lock, reads every record, cuts a torn tail, and is then ready to append.
 * Throws `journal-busy`, `lock-refused`, `journal-read`, `journal-newer`, `journal-write`.
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
  #isClosed = false;
  readonly #onLost: (error: AppError) => void;
  readonly #looking: NodeJS.Timeout;

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
    this.#onLost = opened.onLost ?? (() => undefined);
    // What it finds is told through `onLost`.
    this.#looking = setInterval(() => void this.mustBeOurs().catch(() => undefined), LOOK_MS).unref();
  }

  /**
   * Resolves once the record is on disk; appends keep the order of their calls. Throws `journal-write` with
   * nothing added (the disk is full), after which the journal can be used again; `home-replaced`; `record-too-long`.
   */
  append(record: JournalRecord): Promise<void> {
    const line = encodeLine(record);
    if (this.#waiting >= APPENDS_WAITING_MAX) {
      throw new AppError("journal-write", "too many records are waiting to be written");
    }
    this.#waiting++;
    return this.#inTurn(() => this.#write(line)).finally(() => this.#waiting--);
  }

  /** For who is about to write beside the journal what belongs to it. Throws `home-replaced`, from then on always. */
  mustBeOurs(): Promise<void> {
    return this.#inTurn(() => this.#check());
  }

  /** Waits for pending appends, then gives the lock back. Idempotent. */
  async close(): Promise<void> {
    clearInterval(this.#looking);
    await this.#last;
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#broken ??= new AppError("journal-write", "the journal was closed");
    await this.#file.close();
    await this.#lock.release();
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }

  async #check(): Promise<void> {
    if (this.#broken) throw this.#broken;
    if (await this.#isOurs()) return;
    clearInterval(this.#looking);
    this.#broken = replaced(this.#path);
    this.#onLost(this.#broken);
    throw this.#broken;
  }

  async #isOurs(): Promise<boolean> {
    const { size } = await this.#file.stat();
    if (size !== this.#length) return false;
    return (await isSameFile(this.#path, this.#file)) && (await this.#lock.isHeld());
  }

  async #write(line: Buffer): Promise<void> {
    await this.#check();
    try {
      if (this.#length > 0 && this.#length + line.length > this.#segmentBytesMax) await this.#rotate();
      await writeWhole(this.#file, line, this.#length);
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

/** Opens for reading and writing, creating it durably if it is missing. */
async function openSegment(path: string): Promise<FileHandle> {
  try {
    const isNew = (await stat(path).catch(() => undefined)) === undefined;
    const create = constants.O_CREAT | constants.O_EXCL;
    const file = await openRegularFile(path, constants.O_RDWR | (isNew ? create : 0), 0o600);
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

function replaced(path: string): AppError {
  return new AppError(
    "home-replaced",
    `${path} was changed, moved or deleted by another program, so nothing more is learned or acknowledged here; start ouro again`,
  );
}

function unwritable(path: string, error: unknown): AppError {
  if (error instanceof AppError) return error;
  const message = `cannot write to ${path} (${reasonOf(error)}); nothing was learned or lost`;
  return new AppError("journal-write", message, { cause: error });
}
