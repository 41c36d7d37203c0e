/**
 * Lets through one notice at a time: what comes while one is shown is gathered and told in one when its time is over.
 * A notice cannot be closed from here; VS Code moves it aside by itself. Pure but for its own list: the clock is passed in.
 */

/** So long a notice is the only one: to be read, and short enough that the next lesson's is not missed. */
export const NOTICE_MS = 4_000;
/** Beyond this the oldest are dropped: the count is told, the list of what was learned has all of them. */
const GATHERED_MAX = 500;

export interface NoticeQueue<Event> {
  /** What is to be shown now; empty: nothing yet. */
  add(event: Event, nowMs: number): readonly Event[];
  /** The user closed the notice, or its time is over: what was gathered meanwhile. */
  next(nowMs: number): readonly Event[];
}

export function createNoticeQueue<Event>(): NoticeQueue<Event> {
  let gathered: readonly Event[] = [];
  let busyUntilMs = Number.NEGATIVE_INFINITY;
  const take = (nowMs: number) => {
    const taken = gathered;
    gathered = [];
    if (taken.length > 0) busyUntilMs = nowMs + NOTICE_MS;
    return taken;
  };
  return {
    add(event, nowMs) {
      gathered = [...gathered, event].slice(-GATHERED_MAX);
      return nowMs < busyUntilMs ? [] : take(nowMs);
    },
    next(nowMs) {
      busyUntilMs = Number.NEGATIVE_INFINITY;
      return take(nowMs);
    },
  };
}
