/**
 * Lets through one notice at a time: events that come while one is shown are gathered for the next.
 * A notice cannot be closed from here; VS Code moves it aside by itself. Pure but for its own list: the clock is passed in.
 */

/** How long a notice is the only one: to be read, and short enough that the next lesson's is not missed. */
export const NOTICE_MS = 4_000;
/** Beyond this the oldest are dropped: the notice only counts them, the list of what was learned has all of them. */
const GATHERED_MAX = 500;

interface NoticeQueue<Event> {
  /** The events to be shown now; empty: none yet. */
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
