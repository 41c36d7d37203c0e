/**
 * The running daemon, for commands that teach: it alone may write the journal, and its model is hot already. A command
 * that names a model, threads or weights of its own works in its own process instead.
 */

import { findHttp } from "../transport/connect.js";
import type { HttpClient } from "../transport/httpClient.js";
import { stopDaemon } from "../transport/stopDaemon.js";
import type { Cli } from "./cli.js";
import { accessOf, orInterrupted } from "./daemonAccess.js";
import type { ModelOptions } from "./options.js";

/** Undefined where none runs, or where the options are not for it. */
export async function runningDaemon(cli: Cli, options: ModelOptions): Promise<HttpClient | undefined> {
  const isForOwnProcess = [options.model, options.vocab, options.threads, options.weights].some(
    (each) => each !== undefined,
  );
  return isForOwnProcess ? undefined : orInterrupted(cli, findHttp(accessOf(cli, options)));
}

/** Whoever needs it next starts it with what has changed; true where one ran. */
export async function endRunningDaemon(cli: Cli, options: ModelOptions): Promise<boolean> {
  return (await orInterrupted(cli, stopDaemon(accessOf(cli, options)))).kind === "stopped";
}
