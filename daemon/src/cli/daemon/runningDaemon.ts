/** Has a running daemon follow what a command chose. */

import { codeOf } from "../../base/errorMessage.js";
import { findHttp } from "../../transport/daemon/connect.js";
import { stopDaemon } from "../../transport/daemon/stopDaemon.js";
import { DaemonRefusal } from "../../transport/http/httpClient.js";
import type { Cli } from "../cli.js";
import type { ModelOptions } from "../options.js";
import { accessOf, orInterrupted } from "./daemonAccess.js";

type DaemonChanged = "absent" | "changed" | "ended";

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
