/**
 * When a daemon that nobody uses frees its model, and when it ends. Pure: leases say who uses it, the clock is passed
 * in, and the answer says what is due or how long to wait.
 */

export interface IdleLimits {
  readonly unloadAfterMs: number;
  readonly exitAfterMs: number;
}

interface Idleness {
  /** Clients connected and requests running now. */
  readonly leases: number;
  /** When the last lease ended, or the daemon started. */
  readonly sinceMs: number;
  /** The model has been freed since. */
  readonly isUnloaded: boolean;
}

type IdleAction =
  | { readonly kind: "none" }
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "unload" }
  | { readonly kind: "exit" };

export function idleAction(options: {
  readonly idleness: Idleness;
  readonly limits: IdleLimits;
  readonly nowMs: number;
}): IdleAction {
  const { idleness, limits, nowMs } = options;
  if (idleness.leases > 0) return { kind: "none" };
  const idleMs = nowMs - idleness.sinceMs;
  if (idleMs >= limits.exitAfterMs) return { kind: "exit" };
  if (idleness.isUnloaded) return { kind: "wait", ms: limits.exitAfterMs - idleMs };
  if (idleMs >= limits.unloadAfterMs) return { kind: "unload" };
  return { kind: "wait", ms: Math.min(limits.unloadAfterMs, limits.exitAfterMs) - idleMs };
}
