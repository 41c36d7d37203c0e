/** Has the running daemon finish, write everything down and end, and waits until its place is free. */

import { setTimeout as delay } from "node:timers/promises";
import { AppError } from "../../base/errors.js";
import { lockHolder } from "../../base/processLock.js";
import { askToEnd, type DaemonAccess } from "./ensureDaemon.js";
import { isRuntimePrepared, meetingPlace } from "./runtimeFolder.js";

const POLL_MS = 50;
/** Longer than a daemon gives itself. */
const END_MS_MAX = 45_000;

type Stopped = { readonly kind: "absent" } | { readonly kind: "stopped"; readonly pid: number };

/** Throws `runtime-unsafe`, `daemon-unreachable`, or when aborted. */
export async function stopDaemon(access: DaemonAccess): Promise<Stopped> {
  const { runtime, platform, signal } = access;
  const holder = await lockHolder(runtime.lock);
  if (holder === undefined || !(await isRuntimePrepared(await meetingPlace(runtime, platform), platform)))
    return { kind: "absent" };
  const deadline = performance.now() + END_MS_MAX;
  let isAsked = false;
  while (performance.now() < deadline) {
    // One that is just starting cannot be asked yet.
    if (!isAsked) isAsked = await askToEnd(access);
    if ((await lockHolder(runtime.lock))?.id !== holder.id) return { kind: "stopped", pid: holder.pid };
    await delay(POLL_MS, undefined, { signal });
  }
  throw new AppError(
    "daemon-unreachable",
    `the daemon (${holder.name}) does not end; end that process, or look into ${runtime.log}`,
  );
}
