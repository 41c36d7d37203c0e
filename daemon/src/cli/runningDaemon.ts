/**
 * The running daemon, for commands that teach: it alone may write the journal, and its model is hot already. A command
 * that names a model, threads or weights of its own works in its own process instead.
 */

import { codeOf } from "../base/errorMessage.js";
import { findHttp } from "../transport/daemon/connect.js";
import { stopDaemon } from "../transport/daemon/stopDaemon.js";
import { DaemonRefusal, type HttpClient } from "../transport/http/httpClient.js";
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

export type DaemonChanged = "absent" | "changed" | "ended";

/** Has a running daemon answer with the model that is chosen by now. Throws as the daemon's loading does. */
export async function changeDaemonsModel(cli: Cli, options: ModelOptions): Promise<DaemonChanged> {
  const access = accessOf(cli, options);
  return orInterrupted(
    cli,
    (async () => {
      const daemon = await findHttp(access);
      if (daemon === undefined) return "absent";
      try {
        await daemon.changeModel(cli.signal);
        return "changed";
      } catch (error) {
        // One that is ending, or of a version that could not change yet: the next one begins with this model.
        const code = error instanceof DaemonRefusal ? error.daemonCode : codeOf(error);
        if (!CANNOT_CHANGE.includes(code)) throw error;
        await stopDaemon(access);
        return "ended";
      }
    })(),
  );
}

const CANNOT_CHANGE: readonly string[] = ["route-unknown", "draining", "daemon-absent"];
