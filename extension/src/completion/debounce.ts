/**
 * How long to wait after a keystroke before asking for a completion. Learned from this user's hands and this machine:
 * long enough that the middle of a burst of keys asks nothing, minus the time that an answer takes anyway, because
 * a request that the next key makes useless is cancelled and costs little. Pure: times are passed in.
 */

/** VS Code waits 50 ms by itself before it asks a provider, unless another extension turned that off. */
const DELAY_MIN_MS = 15;
/** Above this, a suggestion feels like an afterthought, however slowly somebody types. */
const DELAY_MAX_MS = 250;
/** A longer gap is a thought, not a rhythm. */
const GAP_MAX_MS = 800;
/** A burst has gaps above its mean too. */
const GAP_FACTOR = 1.2;
/** Weight of the newest value; about the last ten count. */
const NEWEST = 0.15;

export interface Pace {
  readonly gapMs: number;
  readonly answerMs: number;
  readonly lastKeyAtMs: number | undefined;
}

/** A practised typist and a quick model, until both are known. */
export const FIRST_PACE: Pace = { gapMs: 160, answerMs: 80, lastKeyAtMs: undefined };

export function keyTyped(pace: Pace, atMs: number): Pace {
  const gap = pace.lastKeyAtMs === undefined ? GAP_MAX_MS : atMs - pace.lastKeyAtMs;
  const isRhythm = gap >= 0 && gap < GAP_MAX_MS;
  return { ...pace, gapMs: isRhythm ? blend(pace.gapMs, gap) : pace.gapMs, lastKeyAtMs: atMs };
}

export function answered(pace: Pace, tookMs: number): Pace {
  return { ...pace, answerMs: blend(pace.answerMs, Math.max(0, tookMs)) };
}

/** `sinceKeyMs`: what has already passed since the last key, VS Code's own wait included. */
export function delayMs(pace: Pace, sinceKeyMs: number): number {
  const wanted = pace.gapMs * GAP_FACTOR - pace.answerMs - Math.max(0, sinceKeyMs);
  return Math.min(DELAY_MAX_MS, Math.max(DELAY_MIN_MS, wanted));
}

function blend(mean: number, newest: number): number {
  return mean + NEWEST * (newest - mean);
}
