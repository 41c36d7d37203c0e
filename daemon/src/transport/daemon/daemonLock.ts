/** The place of the one daemon of a data home: taken first, held for life. Whoever comes second connects instead. */

import { AppError } from "../../base/errors.js";
import type { LockHolder } from "../../base/lockRecord.js";
import { type Lock, takeLock } from "../../base/processLock.js";
import type { Runtime } from "./runtimeFolder.js";

/**
 * Daemons that were started at one moment may all meet and step back; tries are 20 ms apart on average, and after so
 * many one of them has got through.
 */
const TRIES_MAX = 15;
/** What a predecessor that is asked to end may take: half a minute, for a training step and the writing down. */
const TRIES_WAITING_MAX = 1500;

/** Throws `daemon-running`. */
export function takeDaemonLock(runtime: Runtime): Promise<Lock> {
  return takeLock({ folder: runtime.lock, busy: daemonRunning, triesMax: TRIES_MAX });
}

/** For a daemon that takes over from one that is ending: waits for it. Throws `daemon-running`. */
export function awaitDaemonLock(runtime: Runtime): Promise<Lock> {
  return takeLock({ folder: runtime.lock, busy: daemonRunning, triesMax: TRIES_WAITING_MAX });
}

function daemonRunning(holder: LockHolder): AppError {
  return new AppError(
    "daemon-running",
    `a daemon runs already (${holder.name}); \`ouro status\` shows it, \`ouro stop\` ends it`,
  );
}
