/**
 * Where the running daemon writes what it does: one line per event, ids, counts and durations as fields, never a user's
 * text. pino fits as it is; who needs no log passes `NO_LOG`.
 */

type Write = (fields: Readonly<Record<string, unknown>>, event: string) => void;

/** `error`: someone must act. `warn`: degraded and recovered. `info`: lifecycle, learning. `debug`: per request. */
export interface Log {
  readonly error: Write;
  readonly warn: Write;
  readonly info: Write;
  readonly debug: Write;
}

const nowhere: Write = () => {};
export const NO_LOG: Log = { error: nowhere, warn: nowhere, info: nowhere, debug: nowhere };
