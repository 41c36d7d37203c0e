/**
 * Starts a daemon as a process of its own that outlives whoever started it. Its standard error goes to a file: that
 * is where it says, in one sentence, why it could not start.
 */

import { spawn } from "node:child_process";
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { AppError, systemErrorCode } from "../../base/errors.js";
import { passedEnvironment } from "../../protocol/passedEnvironment.js";
import type { Runtime } from "./runtimeFolder.js";

/** How `ouro` is run: the program and the arguments before its own. */
export interface OuroCommand {
  readonly program: string;
  readonly args: readonly string[];
}

/** Another daemon was there first: not a failure, but a reason to go on connecting. */
export const EXIT_DAEMON_RUNNING = 3;

/** Begun anew when it is longer: it holds last words, not a history. */
const LAST_WORDS_BYTES_MAX = 64 << 10;
const EXCERPT_BYTES_MAX = 2_048;
/** A link is not followed, and a pipe not waited for. */
const APPEND =
  constants.O_WRONLY |
  constants.O_CREAT |
  constants.O_APPEND |
  (constants.O_NOFOLLOW ?? 0) |
  (constants.O_NONBLOCK ?? 0);

type Fate =
  | { readonly kind: "running" }
  /** `code` null: killed by a signal, or never begun. */
  | { readonly kind: "ended"; readonly code: number | null };

export interface SpawnedDaemon {
  readonly fate: Fate;
  /** What it has said on its standard error since it was started. */
  lastWords(): Promise<string>;
}

export async function spawnDaemon(options: {
  readonly command: OuroCommand;
  /** After `command`. */
  readonly args: readonly string[];
  readonly runtime: Runtime;
  readonly folder: string;
  /** Of it the daemon is handed what `passedEnvironment` lets pass. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}): Promise<SpawnedDaemon> {
  const { command, args, runtime, folder, environment } = options;
  const words = await openLastWords(runtime.lastWords);
  try {
    const from = (await words.stat()).size;
    const child = spawn(command.program, [...command.args, ...args], {
      cwd: folder,
      env: passedEnvironment({ env: environment, versions: process.versions }),
      detached: true,
      stdio: ["ignore", "ignore", words.fd],
      windowsHide: true,
    });
    let fate: Fate = { kind: "running" };
    child.once("exit", (code) => {
      fate = { kind: "ended", code };
    });
    child.once("error", () => {
      fate = { kind: "ended", code: null };
    });
    child.unref();
    return {
      get fate() {
        return fate;
      },
      lastWords: () => readFrom(runtime.lastWords, from),
    };
  } finally {
    await words.close();
  }
}

async function openLastWords(path: string): Promise<FileHandle> {
  const file = await open(path, APPEND, 0o600).catch((cause: unknown) => {
    const reason = systemErrorCode(cause) ?? "unknown reason";
    throw new AppError("runtime-unsafe", `cannot write ${path} (${reason}); remove it and try again`, {
      cause,
    });
  });
  if ((await file.stat()).size > LAST_WORDS_BYTES_MAX) await file.truncate(0);
  return file;
}

async function readFrom(path: string, from: number): Promise<string> {
  const file = await open(path, constants.O_RDONLY);
  try {
    const { buffer, bytesRead } = await file.read(
      Buffer.alloc(EXCERPT_BYTES_MAX),
      0,
      EXCERPT_BYTES_MAX,
      from,
    );
    return buffer.subarray(0, bytesRead).toString("utf8").trim();
  } finally {
    await file.close();
  }
}
