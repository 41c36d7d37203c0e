/**
 * Watches Org files: every saved text is handed over once, the one that is there at the start included. A file may
 * not exist yet, nor its folder; it may be written in place, replaced by a rename or deleted and made again, as
 * editors do. Nothing is ever written.
 *
 * A watch on the file itself would be lost with the file's folder, and chokidar gives up on a path whose folder does
 * not exist. So the nearest folder that exists is watched, and in it nothing but the way to the file.
 */

import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { watch } from "chokidar";
import { AppError } from "../../base/errors.js";
import { isWithin } from "../../base/pathWithin.js";
import { readOrgText } from "./readOrgText.js";

interface OrgWatchOptions {
  /** Absolute. */
  readonly paths: readonly string[];
  /** Not called for a text that was handed over last time, nor when a file is deleted. Must not throw. */
  readonly onSaved: (path: string, text: string) => void;
  /** A file cannot be read, or no longer be watched; the message names it. Must not throw. */
  readonly onProblem: (problem: AppError) => void;
}

interface OrgWatch {
  /** After it nothing is handed over any more. */
  close(): Promise<void>;
}

/** A file is read once it has not grown for so long: longer than an editor takes between two writes of one save. */
const SETTLED_MS = 200;
const SETTLED_POLL_MS = 50;

interface WatchedFile {
  readonly path: string;
  last: string | undefined;
  /** At most one reading runs and one waits for it, however many events there are. */
  isWaiting: boolean;
  reading: Promise<void>;
}

export function watchOrg({ paths, onSaved, onProblem }: OrgWatchOptions): OrgWatch {
  let isClosed = false;
  const files = new Map(paths.map((path) => [resolve(path), toWatchedFile(path)]));

  const handOver = async (file: WatchedFile): Promise<void> => {
    file.isWaiting = false;
    const read = await readOrgText(file.path).catch(asAppError);
    if (isClosed || read === undefined) return;
    if (read instanceof AppError) {
      // The next good text is news, even if it is the one from before.
      file.last = undefined;
      onProblem(read);
    } else if (read !== file.last) {
      file.last = read;
      onSaved(file.path, read);
    }
  };
  const onEvent = (path: string) => {
    const file = files.get(resolve(path));
    if (file === undefined || file.isWaiting) return;
    file.isWaiting = true;
    file.reading = file.reading.then(() => handOver(file));
  };

  const watcher = watch([...new Set([...files.keys()].map(nearestFolder))], {
    ignored: (path) => ![...files.keys()].some((file) => isOnTheWay(path, file)),
    ignoreInitial: true,
    awaitWriteFinish: { stabilityThreshold: SETTLED_MS, pollInterval: SETTLED_POLL_MS },
  });
  // Read first when all is watched, so that no save falls between the two.
  watcher.on("ready", () => [...files.keys()].forEach(onEvent));
  // A folder where a file should be is a problem that reading finds.
  for (const event of ["add", "change", "addDir"] as const) watcher.on(event, onEvent);
  watcher.on("error", (cause) => {
    if (!isClosed) onProblem(watchFailed(paths, cause));
  });

  return {
    async close() {
      isClosed = true;
      await watcher.close();
      await Promise.all([...files.values()].map(({ reading }) => reading));
    },
  };
}

function toWatchedFile(path: string): WatchedFile {
  return { path, last: undefined, isWaiting: false, reading: Promise.resolve() };
}

function nearestFolder(path: string): string {
  const folder = dirname(path);
  return existsSync(folder) || folder === path ? folder : nearestFolder(folder);
}

/** `path` is the file or a folder that it lies in. */
function isOnTheWay(path: string, file: string): boolean {
  return resolve(path) === file || isWithin(path, file);
}

function asAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  throw error;
}

function watchFailed(paths: readonly string[], cause: unknown): AppError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const message = `${paths.join(", ")} can no longer be watched for changes (${reason}); restart to try again`;
  return new AppError("watch-failed", message, { cause });
}
