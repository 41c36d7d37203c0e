/**
 * From nothing to a serving daemon and back: its folders, its place, its settings. What it serves is loaded only after
 * it has its place, because many may start at one moment and all but one must end quickly.
 */

import { sweepTemporaries } from "../../base/atomicFile.js";
import { prepareDataHome } from "../../base/dataHome.js";
import type { LogFile } from "../../base/logFile.js";
import { readSettings } from "../../base/settingsFile.js";
import { awaitDaemonLock, takeDaemonLock } from "./daemonLock.js";
import type { DaemonAccess } from "./ensureDaemon.js";
import { holdsSockets } from "./listen.js";
import type { Product } from "./product.js";
import { prepareRuntime, type Runtime, usableRuntime } from "./runtimeFolder.js";
import type { Served } from "./serve.js";

interface DaemonRun {
  readonly access: DaemonAccess;
  /** `wait`: a predecessor is ending. */
  readonly ifOneRuns: "leave" | "wait";
  readonly loadProduct: () => Promise<Product>;
  /** Called once with the log, so that whoever catches what nobody caught can write it down. */
  readonly onLog: (log: LogFile) => void;
  /** Everybody may come in now. */
  readonly onReady: (runtime: Runtime) => void;
}

/** Resolves when it has ended. Throws `daemon-running`, and what opening throws. */
export async function runDaemon(run: DaemonRun): Promise<Served> {
  const { home, runtime, platform, version, signal } = run.access;
  await prepareDataHome(home);
  await prepareRuntime(runtime, platform);
  const lock = await (run.ifOneRuns === "wait" ? awaitDaemonLock(runtime) : takeDaemonLock(runtime));
  try {
    const { settings } = await readSettings(home.root);
    const [{ serve }, product] = await Promise.all([import("./serve.js"), run.loadProduct()]);
    const { onLog } = run;
    const placeLost = lock.lost;
    const usable = await usableRuntime(runtime, platform, holdsSockets);
    for (const folder of new Set([home.root, home.runtime, usable.folder])) await sweepTemporaries(folder);
    const onReady = () => run.onReady(usable);
    return await serve({ runtime: usable, settings, version, product, signal, placeLost, onLog, onReady });
  } finally {
    await lock.release();
  }
}
