/** The door for an Org file on disk: its size, and that it is UTF-8, are checked here and nowhere else. */

import { AppError, systemErrorCode } from "../../base/errors.js";
import { readRegularFile } from "../../base/regularFile.js";
import { ORG_BYTES_MAX, orgTooLarge } from "./parseOrg.js";

/** Undefined where there is no such file. Throws AppError `input-invalid`, `not-a-file` or `input-too-large`. */
export async function readOrgText(path: string): Promise<string | undefined> {
  const bytes = await readBounded(path);
  if (bytes === undefined) return undefined;
  // One byte more was read than is allowed: a file that grows meanwhile is found out too.
  if (bytes.length > ORG_BYTES_MAX) throw orgTooLarge(path);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    const message = `${path} is not valid UTF-8 text; save it with the encoding UTF-8`;
    throw new AppError("input-invalid", message, { cause });
  }
}

async function readBounded(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readRegularFile(path, ORG_BYTES_MAX + 1);
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    const code = systemErrorCode(cause);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    const message = `${path} cannot be read (${code ?? "unknown error"}); it must be a text file that you may read`;
    throw new AppError("input-invalid", message, { cause });
  }
}
