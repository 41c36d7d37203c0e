/**
 * Lines of a file, one at a time, however large the file is. Text that users bring is checked here: a line that is not
 * UTF-8 or longer than the limit is one error with the file's name and the line's number.
 */

import { AppError } from "../base/errors.js";
import { streamRegularFile } from "../base/regularFile.js";

/** Far longer than a line of anything written by a person; a whole data set on one line is a mistake. */
export const LINE_BYTES_MAX = 8 * 1024 * 1024;
const LINE_FEED = 10;

export interface Line {
  /** From 1. */
  readonly number: number;
  /** Without its line end. */
  readonly text: string;
}

export async function* readLines(path: string): AsyncGenerator<Line> {
  let number = 1;
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  const take = (last: Uint8Array): Line => {
    const bytes = Buffer.concat([...pending, last]);
    pending = [];
    pendingBytes = 0;
    return { number, text: decode({ bytes, path, number }).replace(/\r$/, "") };
  };
  // Chunks are far below LINE_BYTES_MAX, so a line that fits in one needs no check of its own.
  for await (const chunk of streamRegularFile(path)) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      yield take(chunk.subarray(start, end));
      number += 1;
      start = end + 1;
    }
    const rest = chunk.subarray(start);
    pendingBytes += rest.byteLength;
    if (pendingBytes > LINE_BYTES_MAX) throw tooLong({ path, number });
    if (rest.byteLength > 0) pending.push(rest);
  }
  if (pendingBytes > 0) yield take(new Uint8Array());
}

interface LinePlace {
  readonly path: string;
  readonly number: number;
}

function tooLong({ path, number }: LinePlace): AppError {
  const limit = LINE_BYTES_MAX / 2 ** 20;
  return new AppError(
    "input-too-large",
    `line ${number} of ${path} is longer than ${limit} MiB; split it into shorter lines`,
  );
}

function decode({ bytes, path, number }: LinePlace & { readonly bytes: Uint8Array }): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    const message = `line ${number} of ${path} is not valid UTF-8 text; convert the file first, for example with iconv`;
    throw new AppError("input-invalid", message, { cause });
  }
}
