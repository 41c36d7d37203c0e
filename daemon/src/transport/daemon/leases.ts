/** Counts who uses the daemon, and has the model freed, and the daemon ended, when nobody has for long enough. */

import { type IdleLimits, idleAction } from "./idle.js";

export interface Leases {
  take(): Lease;
  /** Nothing becomes due any more. */
  close(): void;
}

export interface Lease {
  /** Idempotent. */
  release(): void;
}

export function createLeases(options: {
  readonly limits: IdleLimits;
  /** Monotonic. */
  readonly nowMs: () => number;
  readonly onUnload: () => void;
  readonly onExit: () => void;
}): Leases {
  const { limits, nowMs, onUnload, onExit } = options;
  let leases = 0;
  let sinceMs = nowMs();
  let isUnloaded = false;
  let timer: NodeJS.Timeout | undefined;
  const look = () => {
    clearTimeout(timer);
    const action = idleAction({ idleness: { leases, sinceMs, isUnloaded }, limits, nowMs: nowMs() });
    switch (action.kind) {
      case "none":
        return;
      case "wait":
        timer = setTimeout(look, action.ms);
        return;
      case "unload":
        isUnloaded = true;
        onUnload();
        look();
        return;
      case "exit":
        onExit();
    }
  };
  look();
  return {
    take() {
      leases += 1;
      isUnloaded = false;
      look();
      let isReleased = false;
      return {
        release() {
          if (isReleased) return;
          isReleased = true;
          leases -= 1;
          if (leases === 0) sinceMs = nowMs();
          look();
        },
      };
    },
    close() {
      clearTimeout(timer);
      // A lease that is released later must not set it again.
      leases = Number.POSITIVE_INFINITY;
    },
  };
}
