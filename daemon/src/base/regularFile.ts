/**
 * Reads files that somebody else may have put there. A pipe, a device or a socket in a file's place is refused by its
 * type and never waited for: opening a pipe that nobody writes to would block a thread for good, and with it the end of
 * the process. A folder is not refused here; reading it fails with EISDIR.
 */

import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { AppError } from "./errors.js";

/** Neither waits for a pipe's other end nor lets a terminal become this process' own. Windows knows neither. */
const READ_FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);

/** Throws AppError `not-a-file`, and what the system says. The caller closes it. */
export async function openRegularFile(path: string, moreFlags = 0, mode?: number): Promise<FileHandle> {
  const file = await open(path, READ_FLAGS | moreFlags, mode).catch((error: unknown) => {
    // Sockets cannot be opened at all, nor devices that are not there.
    const isSpecial = error instanceof Error && "code" in error && error.code === "ENXIO";
    throw isSpecial ? notAFile(path, "socket or device") : error;
  });
  try {
    const found = await file.stat();
    if (found.isFile() || found.isDirectory()) return file;
    throw notAFile(path, found.isFIFO() ? "pipe" : "device");
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Its bytes, or no more than its first `bytesMax`. Throws as `openRegularFile` does. */
export async function readRegularFile(path: string, bytesMax = Number.POSITIVE_INFINITY): Promise<Buffer> {
  const file = await openRegularFile(path);
  try {
    return await (bytesMax === Number.POSITIVE_INFINITY ? file.readFile() : readFirst(file, bytesMax));
  } finally {
    await file.close();
  }
}

/** Its bytes as UTF-8; what is not becomes U+FFFD. Throws as `openRegularFile` does. */
export async function readRegularText(path: string): Promise<string> {
  return (await readRegularFile(path)).toString("utf8");
}

/** Its bytes, part by part, however large it is. Throws as `openRegularFile` does. */
export async function* streamRegularFile(path: string): AsyncGenerator<Buffer> {
  const file = await openRegularFile(path);
  // The stream closes the file, also when whoever reads leaves early.
  for await (const chunk of file.createReadStream()) if (Buffer.isBuffer(chunk)) yield chunk;
}

async function readFirst(file: FileHandle, bytesMax: number): Promise<Buffer> {
  const { size } = await file.stat();
  // Of a file of the system's own, and of one that grows meanwhile, the size says too little.
  let buffer = Buffer.allocUnsafe(Math.min(size + 1, bytesMax));
  let length = 0;
  while (length < bytesMax) {
    if (length === buffer.length) buffer = Buffer.concat([buffer], Math.min(2 * length, bytesMax));
    const { bytesRead } = await file.read(buffer, length, buffer.length - length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return buffer.subarray(0, length);
}

function notAFile(path: string, what: string): AppError {
  return new AppError(
    "not-a-file",
    `${path} is a ${what}, not a file; put what it holds into a file and name that`,
  );
}
