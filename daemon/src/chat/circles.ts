/** Whether a text has begun to repeat itself without end, as small models do: then no more of it is worth waiting for. Pure. */

/** A shorter text may well say something thrice on purpose (`---`, a table). */
const LENGTH_MIN = 96;
const REPEATS = 4;
/** The longest passage whose repetition is looked for; cost per call grows with it alone. */
const PERIOD_MAX = 120;

export function isRunningInCircles(text: string): boolean {
  for (let period = 1; period <= PERIOD_MAX; period++) {
    const length = Math.max(LENGTH_MIN, period * REPEATS);
    if (text.length < length) continue;
    const tail = text.slice(-length);
    if (tail.slice(period) === tail.slice(0, -period)) return true;
  }
  return false;
}
