/** Turns whatever was thrown into the one sentence that a person reads, and into the code that programs read. */

import { systemErrorCode } from "./errors.js";

/** These come from a mistake in the program, not from what the user gave it. */
const BUGS = [TypeError, RangeError, ReferenceError, SyntaxError];

/** What the file system's codes mean to a person. */
const SYSTEM_REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission is denied; change its permissions or name another",
  EEXIST: "it exists already; name another",
  EISDIR: "it is a folder, not a file",
  ENOENT: "there is no such file; check the path",
  ENOSPC: "the disk is full; free some space",
  ENOTDIR: "a part of the path is not a folder",
  EPERM: "the system does not permit it",
  EROFS: "it lies on a read-only file system",
};

export function errorMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return systemMessage(error) ?? ownMessage(error);
}

/** The code of an AppError, an EngineError or a system error; `internal` for a mistake in the program. */
export function codeOf(error: unknown): string {
  return systemErrorCode(error) ?? "internal";
}

const SYSTEM_CODE = /^E[A-Z0-9]+$/;

/** Why a file could not be written, to stand in brackets in a sentence of its own; with the way out where that is one. */
export function reasonOf(error: unknown): string {
  const code = systemErrorCode(error) ?? "";
  if (code === "ENOSPC") return "the disk is full; free some space";
  // The engine's own codes say less than its messages.
  if (SYSTEM_CODE.test(code)) return code;
  return error instanceof Error ? error.message : "unknown reason";
}

/** Node's file errors name a system call; a person wants the path and the reason. */
function systemMessage(error: Error): string | undefined {
  const reason = SYSTEM_REASONS[systemErrorCode(error) ?? ""];
  if (reason === undefined || !("path" in error) || typeof error.path !== "string") return undefined;
  return `cannot use ${error.path}: ${reason}`;
}

function ownMessage(error: Error): string {
  const message = error.message.replaceAll(/\s*\n\s*/g, " ").replace(/\.$/, "");
  const isBug = BUGS.some((bug) => error instanceof bug);
  return isBug ? `this should not have happened: ${message}; OURO_DEBUG=1 shows where` : message;
}
