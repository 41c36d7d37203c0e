/**
 * Every error that the daemon and the CLI raise themselves, by stable code. The engine's own are `EngineError`.
 *
 * A message is one sentence that names the thing and the way out; a code never changes its meaning.
 */

export const APP_ERROR_CODES = {
  "input-invalid": "a text or a file that a command was given is not what it should be",
  "input-too-large": "a text or a file that a command was given exceeds a bound on its size",
  "not-a-file": "where a file should be is a pipe, a device or a socket",
  "watch-failed": "a file can no longer be watched for changes",
  "settings-invalid": "the settings file holds something that is not a setting, or does not fit one",
  "vocabulary-mismatch": "a vocabulary does not belong to the model",
  "role-map-mismatch": "a corpus names a role map that the model in use cannot follow",
  "home-unwritable": "the data home cannot be created or written",
  "home-replaced": "the data home was deleted, moved or replaced while it was in use",
  "lock-refused": "the file system of the data home cannot lock a file",
  "runtime-unsafe": "the folder of sockets and token could be read or written by somebody else",
  "daemon-running": "another daemon of this data home runs already",
  "daemon-absent": "no daemon runs for this data home",
  "daemon-failed": "a daemon ended before it was ready",
  "daemon-unreachable": "a daemon runs, or should, and does not answer",
  "daemon-stopped": "the daemon's process is stopped, by a signal or a debugger",
  "daemon-newer": "the running daemon is of a newer version that this one does not understand",
  "daemon-refused": "the daemon refused with a code that this version does not know",
  "socket-taken": "somebody else listens at the daemon's socket or port",
  "request-invalid": "a request to the daemon is not what it should be",
  "client-busy": "one client asks for more at once than it may",
  "journal-busy": "another process holds the journal",
  "journal-write": "a record could not be made durable",
  "journal-read": "a journal segment cannot be opened",
  "journal-newer": "the journal was written by a newer version of this product",
  "record-too-long": "a record is longer than a journal line may be",
  "completion-unknown": "a completion is not remembered any more, or never was",
  "document-unknown": "a client speaks of a document that it has not opened",
  "project-unclear": "nothing says which project a document belongs to",
  "client-closed": "a client that has gone asks for something",
  "catalog-read": "the catalog cannot be opened",
  "catalog-write": "the catalog could not be written",
  "catalog-damaged": "the catalog cannot be understood, and is kept as it is",
  "catalog-newer": "the catalog was written by a newer version, and is kept as it is",
  "checkpoint-missing": "a registered checkpoint is no longer where it was",
  "checkpoint-changed": "a registered checkpoint has other bytes than when it was registered",
  "models-differ": "two model files that should be one model compute different things",
  "adapter-write": "an adapter could not be made durable",
  "anchors-invalid": "the file of anchor texts is not what it should be",
  "correction-empty": "a correction asks for nothing that the model did not write",
  "correction-too-long": "a correction exceeds a bound on its size",
  "correction-invalid": "a correction contradicts itself or its model",
  "correction-invisible": "a corrected text holds a character that nobody sees",
  "correction-unshown":
    "a corrected text would not be shown whole at its place, however well it were learned",
  "correction-secret": "a corrected text seems to hold a secret, and nobody has said that it may be taught",
  "correction-unknown": "no correction of this project has that id",
  "correction-undone": "the correction was undone before",
  "taught-since": "a reset cannot be taken back while something that was taught after it stands",
  "nothing-to-undo": "nothing has been learned that could be undone",
  "project-full": "a project has as many corrections as one adapter may hold",
  "learning-numbers": "a model or adapter gives results that are not finite",
  "conformance-failed": "the engine and a set of golden numbers disagree",
  "demo-failed": "the demo did not show what it promises",
  "not-learned": "a correction was trained and the model still writes something else",
  "learning-busy": "too many learning operations are waiting",
  "learning-closed": "learning was closed",
  "training-unsaved": "the state of a training run could not be written",
  "training-diverged": "a training run produced losses that are no numbers",
} as const;

export type AppErrorCode = keyof typeof APP_ERROR_CODES;

export class AppError extends Error {
  readonly code: AppErrorCode;
  constructor(code: AppErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "AppError";
    this.code = code;
  }
}

/** The system's code of a failed file operation (`ENOSPC`), or undefined for any other error. */
export function systemErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** Ends a `switch` over a closed union: the compiler refuses a forgotten variant. */
export function assertNever(value: never): never {
  throw new TypeError(`unexpected variant ${JSON.stringify(value)}`);
}
