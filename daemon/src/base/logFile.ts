/**
 * The daemon's log: one line of JSON per event in a file of its data home, a few such files at most. It cannot hold
 * what a user wrote: of a field that is no number only the known names of identifiers pass, and only when they look
 * like one; of a project its digest, since its id begins with its folder's name; of an error its kind and where it was
 * thrown, because messages quote.
 */

import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { type LevelWithSilent, pino } from "pino";
import { createStream } from "rotating-file-stream";
import { systemErrorCode } from "./errors.js";
import type { Log } from "./log.js";

export const LOG_FILE = "daemon.log";
/** Five files of a mebibyte: weeks of use, and small enough to be sent along with a report. */
const FILES_MAX = 5;
const FILE_SIZE = "1M";
const FILE_MODE = 0o600;
/** A full disk must not keep the daemon from ending. */
const FLUSH_MS_MAX = 500;
const STACK_FRAMES_MAX = 12;

/** Fields that may be words: identifiers and closed sets of names. */
const WORD_FIELDS: ReadonlySet<string> = new Set([
  "chatId",
  "code",
  "completionId",
  "correctionId",
  "event",
  "kind",
  "outcome",
  "phase",
  "reason",
  "route",
  "setting",
  "signal",
  "stoppedBy",
  "version",
  "weights",
]);
const WORD = /^[A-Za-z0-9._:/-]{1,64}$/;
/** The end of a project's id; before it stands what its folder is called. */
const PROJECT_DIGEST = /[0-9a-f]{12}$/;

export interface LogFile extends Log {
  /** Writes what is waiting and closes the file. */
  close(): Promise<void>;
}

export function openLog(options: { readonly folder: string; readonly level: LevelWithSilent }): LogFile {
  const file = createStream(LOG_FILE, {
    path: options.folder,
    size: FILE_SIZE,
    rotate: FILES_MAX - 1,
    mode: FILE_MODE,
  });
  // A daemon that cannot log goes on working: there is nowhere to say it.
  file.on("error", () => undefined);
  file.on("warning", () => undefined);
  const log = pino({ level: options.level, base: { pid: process.pid } }, file);
  return {
    error: (fields, event) => log.error(withoutText(fields), event),
    warn: (fields, event) => log.warn(withoutText(fields), event),
    info: (fields, event) => log.info(withoutText(fields), event),
    debug: (fields, event) => log.debug(withoutText(fields), event),
    async close() {
      if (file.destroyed) return;
      const closed = once(file, "close").catch(() => undefined);
      file.end();
      await Promise.race([closed, delay(FLUSH_MS_MAX, undefined, { ref: false })]);
    },
  };
}

function withoutText(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    const shown = shownValue(name, value);
    if (shown !== undefined) kept[name] = shown;
  }
  return kept;
}

function shownValue(name: string, value: unknown): unknown {
  if (typeof value === "number" || typeof value === "boolean" || value === null) return value;
  if (name === "project") return PROJECT_DIGEST.exec(String(value))?.[0];
  if (typeof value === "string") return WORD_FIELDS.has(name) && WORD.test(value) ? value : undefined;
  return value instanceof Error ? shownError(value) : undefined;
}

/** Names of functions and files of the program: a stack begins with the message, its frames do not quote it. */
function shownError(error: Error): Record<string, unknown> {
  const frames = (error.stack ?? "").replace(error.message, "").split("\n");
  const stack = frames
    .filter((line) => /^\s+at [^\n]+:\d+:\d+\)?$/.test(line))
    .slice(0, STACK_FRAMES_MAX)
    .map((line) => line.trim());
  return { name: error.name, code: systemErrorCode(error), stack };
}
