/**
 * Reading the journal's segments `000001.jsonl`, `000002.jsonl`, …: every sound record in order, and an account
 * of everything that is not sound. Reading changes nothing and needs no lock; cutting a torn tail is `journal.ts`.
 */

import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { AppError, systemErrorCode } from "../base/errors.js";
import { streamRegularFile } from "../base/regularFile.js";
import { decodeLine, LINE_BYTES_MAX } from "./line.js";
import type { JournalRecord } from "./records.js";

/**
 * `torn`: bytes after the last newline, never acknowledged. `corrupt`: a line whose digest or content is wrong.
 * `too-long`: a line beyond the bound, not read. `missing`: one or more segments
 * from this one on are not there.
 */
export interface Damage {
  readonly kind: "torn" | "corrupt" | "too-long" | "missing";
  readonly file: string;
  /** From 1; 0 for a missing file. */
  readonly line: number;
  readonly bytes: number;
}

const SEGMENT_NAME = /^(\d{6,})\.jsonl$/;
const NEWLINE = 0x0a;
/** Damage beyond this is counted in no list; a folder of noise must not fill the memory. */
const DAMAGE_MAX = 1000;

export function segmentName(segment: number): string {
  return `${String(segment).padStart(6, "0")}.jsonl`;
}

/** Numbers of the segments in `folder`, ascending; none where the folder is missing. */
export async function listSegments(folder: string): Promise<number[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (systemErrorCode(error) === "ENOENT") return [];
    throw unreadable(folder, error);
  });
  return names
    .map((name) => Number(SEGMENT_NAME.exec(name)?.[1]))
    .filter((segment) => segment > 0)
    .sort((a, b) => a - b);
}

/** Calls `onRecord` for every sound record in order of writing. Throws `journal-newer` or `journal-read`. */
export async function readJournal(options: {
  readonly folder: string;
  readonly onRecord: (record: JournalRecord) => void;
}): Promise<{ readonly damage: readonly Damage[] }> {
  const damage: Damage[] = [];
  const report = (found: Damage) => {
    if (damage.length < DAMAGE_MAX) damage.push(found);
  };
  let expected: number | undefined;
  const segments = await listSegments(options.folder);
  for (const segment of segments) {
    if (expected !== undefined && expected < segment) {
      report({ kind: "missing", file: join(options.folder, segmentName(expected)), line: 0, bytes: 0 });
    }
    await readSegment({
      file: join(options.folder, segmentName(segment)),
      onRecord: options.onRecord,
      // Only the newest segment can have been cut short by a crash: an older one ended with a whole line once.
      report: (found) =>
        report(found.kind === "torn" && segment !== segments.at(-1) ? { ...found, kind: "corrupt" } : found),
    });
    expected = segment + 1;
  }
  return { damage };
}

async function readSegment(options: {
  readonly file: string;
  readonly onRecord: (record: JournalRecord) => void;
  readonly report: (damage: Damage) => void;
}): Promise<void> {
  const { file, onRecord, report } = options;
  let number = 0;
  for await (const line of linesOf(file)) {
    number++;
    const where = { file, line: number, bytes: line.bytes };
    if (line.kind !== "whole") {
      report({ kind: line.kind, ...where });
      continue;
    }
    const decoded = decodeLine(line.content);
    if (decoded.kind === "record") onRecord(decoded.record);
    else if (decoded.kind === "corrupt") report({ kind: "corrupt", ...where });
    else {
      throw new AppError(
        "journal-newer",
        `${file} line ${number} was written by a newer version of Ouroboros; update before going on`,
      );
    }
  }
}

type Line =
  | { readonly kind: "whole"; readonly content: Buffer; readonly bytes: number }
  | { readonly kind: "too-long" | "torn"; readonly bytes: number };

/** Splits a file at newlines, holding at most one line in memory. */
async function* linesOf(file: string): AsyncGenerator<Line> {
  let parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of streamRegularFile(file)) {
      let start = 0;
      for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
        bytes += end - start;
        if (bytes >= LINE_BYTES_MAX) yield { kind: "too-long", bytes };
        else yield { kind: "whole", content: Buffer.concat([...parts, chunk.subarray(start, end)]), bytes };
        parts = [];
        bytes = 0;
        start = end + 1;
      }
      bytes += chunk.length - start;
      if (bytes >= LINE_BYTES_MAX) parts = [];
      else parts.push(chunk.subarray(start));
    }
  } catch (error) {
    throw unreadable(file, error);
  }
  if (bytes > 0) yield { kind: "torn", bytes };
}

function unreadable(path: string, error: unknown): AppError {
  if (error instanceof AppError) return new AppError("journal-read", error.message, { cause: error });
  const reason = systemErrorCode(error) ?? "unknown reason";
  return new AppError("journal-read", `cannot read ${path} (${reason}); check its permissions`, {
    cause: error,
  });
}
