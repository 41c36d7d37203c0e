/**
 * One record, one line: `<first 16 hex digits of the JSON's sha256> <JSON>\n`. Pure.
 * The digest tells a torn or rotten line from a good one; it is not a defence against forgery.
 */

import { createHash } from "node:crypto";
import { z } from "zod";
import { AppError } from "../base/errors.js";
import { JournalRecord, RECORD_VERSION } from "./records.js";

/** Holds the longest permitted correction several times over, and bounds what a reader must buffer. */
export const LINE_BYTES_MAX = 1 << 20;

const DIGEST_DIGITS = 16;
const SPACE = 0x20;

export function encodeLine(record: JournalRecord): Buffer {
  const json = JSON.stringify(record);
  const line = Buffer.from(`${digest(Buffer.from(json))} ${json}\n`);
  if (line.length > LINE_BYTES_MAX) {
    throw new AppError(
      "record-too-long",
      `a ${record.kind} record of ${line.length} bytes is too long to keep`,
    );
  }
  return line;
}

type DecodedLine =
  | { readonly kind: "record"; readonly record: JournalRecord }
  | { readonly kind: "corrupt" }
  | { readonly kind: "newer" };

const AnyVersion = z.object({ v: z.int() });

/** `line` without its newline. `newer`: sound bytes of a kind or version that this reader does not know. */
export function decodeLine(line: Buffer): DecodedLine {
  const json = line.subarray(DIGEST_DIGITS + 1);
  const isSound = line[DIGEST_DIGITS] === SPACE && line.toString("latin1", 0, DIGEST_DIGITS) === digest(json);
  if (!isSound) return { kind: "corrupt" };
  const content = parse(json);
  const record = JournalRecord.safeParse(content);
  if (record.success) return { kind: "record", record: record.data };
  const version = AnyVersion.safeParse(content);
  return { kind: version.success && version.data.v > RECORD_VERSION ? "newer" : "corrupt" };
}

function parse(json: Buffer): unknown {
  try {
    return JSON.parse(json.toString("utf8"));
  } catch {
    return undefined;
  }
}

function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex").slice(0, DIGEST_DIGITS);
}
