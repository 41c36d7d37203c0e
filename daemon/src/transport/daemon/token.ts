/**
 * The secret by which a client proves that it runs as this user: random, new at every start of the daemon, in a file
 * that only this user can read. It is never an argument, a part of an address, a variable of the environment or a
 * word in the log, because all of those can be seen by others.
 */

import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { constants } from "node:fs";
import { unlink } from "node:fs/promises";
import { writeFileAtomic } from "../../base/atomicFile.js";
import { AppError, systemErrorCode } from "../../base/errors.js";
import { openRegularFile, readRegularText } from "../../base/regularFile.js";
import type { Platform } from "./runtimeFolder.js";

const TOKEN_BYTES = 32;
const TOKEN_FORM = /^[0-9a-f]{64}$/;
const OTHERS_MODE = 0o077;
/** Not defined on Windows. */
const NO_LINK = constants.O_NOFOLLOW ?? 0;

/** Writes a new token in place of an older one, and returns it. */
export async function createToken(path: string): Promise<string> {
  const token = randomBytes(TOKEN_BYTES).toString("hex");
  await writeFileAtomic(path, token);
  return token;
}

/** Unless another daemon's is there. */
export async function removeToken(path: string, own: string): Promise<void> {
  const there = await readRegularText(path).catch(() => undefined);
  if (there === own) await unlink(path).catch(() => undefined);
}

/** Undefined: no daemon has left one. Throws `runtime-unsafe` when somebody else could have written or read it. */
export async function readToken(path: string, platform: Platform): Promise<string | undefined> {
  const unsafe = (cause?: unknown) =>
    new AppError("runtime-unsafe", `${path} is not the private file it should be; remove it and try again`, {
      cause,
    });
  const file = await openRegularFile(path, NO_LINK).catch((error: unknown) => {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw unsafe(error);
  });
  if (file === undefined) return undefined;
  try {
    const { uid, mode, size } = await file.stat();
    const isPrivate = platform.os === "win32" || (uid === platform.uid && (mode & OTHERS_MODE) === 0);
    if (!isPrivate || size !== TOKEN_BYTES * 2) throw unsafe();
    const token = await file.readFile("latin1");
    if (!TOKEN_FORM.test(token)) throw unsafe();
    return token;
  } finally {
    await file.close();
  }
}

/** Takes the same time whatever was given, so that a wrong token cannot be improved letter by letter. */
export function isSameToken(given: string, expected: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
