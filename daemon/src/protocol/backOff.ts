/**
 * When a daemon that ended unasked is started again: at once, then later and later, and no more once it keeps ending.
 * Pure: whoever restarts keeps the times of the ends and passes the clock in.
 */

/** By how many ends there were lately: the first restart is immediate, so that one accident is hardly noticed. */
export const RESTART_DELAYS_MS = [0, 1_000, 3_000, 10_000, 30_000] as const;
/** So many ends within so long are no accident any more. */
export const ENDS_MAX = 4;
export const ENDS_WINDOW_MS = 3 * 60_000;
/** A daemon that ran for so long was well: what was before it does not count any more. */
const FORGIVEN_AFTER_MS = 10 * 60_000;

type Restart =
  | { readonly kind: "restart"; readonly delayMs: number }
  | { readonly kind: "give-up"; readonly message: string };

/** `endedAtMs`: when it ended, oldest first, the last time included. */
export function nextRestart(endedAtMs: readonly number[]): Restart {
  const last = endedAtMs.at(-1) ?? 0;
  const lately = endedAtMs.filter((at) => last - at < ENDS_WINDOW_MS).length;
  if (lately >= ENDS_MAX) {
    const minutes = ENDS_WINDOW_MS / 60_000;
    return {
      kind: "give-up",
      message: `the daemon ended ${lately} times within ${minutes} minutes and is not started again by itself; its log says why`,
    };
  }
  const index = Math.min(Math.max(endsInARow(endedAtMs), 1), RESTART_DELAYS_MS.length) - 1;
  return { kind: "restart", delayMs: RESTART_DELAYS_MS[index] ?? 0 };
}

/** The ends up to the last one that have no long healthy run between them. */
function endsInARow(endedAtMs: readonly number[]): number {
  let count = endedAtMs.length > 0 ? 1 : 0;
  for (let index = endedAtMs.length - 1; index > 0; index -= 1) {
    if ((endedAtMs[index] ?? 0) - (endedAtMs[index - 1] ?? 0) >= FORGIVEN_AFTER_MS) break;
    count += 1;
  }
  return count;
}
