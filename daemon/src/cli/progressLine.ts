/**
 * Draws the progress of long work: on a terminal one line that is rewritten in place, elsewhere now and then a line
 * of its own. Knows nothing of what the work is.
 */

import type { Progress } from "../base/progress.js";
import { formatSeconds } from "./format.js";

const REDRAW_MS = 100;
/** Without a terminal (a log file, CI) a line this often, and one for each phase, is enough to see that it lives. */
const LINE_EVERY_MS = 10_000;

interface ProgressLine {
  show(progress: Progress): void;
  /** Takes the line away, before something else is printed. */
  clear(): void;
}

interface ProgressLineOptions {
  readonly write: (text: string) => void;
  readonly isTerminal: boolean;
  readonly nowMs: () => number;
}

export function createProgressLine({ write, isTerminal, nowMs }: ProgressLineOptions): ProgressLine {
  let shownMs = Number.NEGATIVE_INFINITY;
  let shownPhase: string | undefined;
  let isDrawn = false;
  const clear = () => {
    if (isDrawn) write("\r\x1b[2K");
    isDrawn = false;
  };
  return {
    show(progress) {
      const everyMs = isTerminal ? REDRAW_MS : LINE_EVERY_MS;
      if (progress.phase === shownPhase && nowMs() - shownMs < everyMs) return;
      shownMs = nowMs();
      shownPhase = progress.phase;
      clear();
      write(isTerminal ? progressText(progress) : `${progressText(progress)}\n`);
      isDrawn = isTerminal;
    },
    clear,
  };
}

/** "train 34 % · 1234 of 3600 · loss 1.234 · 3 min left" */
export function progressText({ phase, done, total, detail, secondsLeft }: Progress): string {
  const parts = [total > 0 ? `${phase} ${Math.floor((100 * done) / total)} % · ${done} of ${total}` : phase];
  if (detail !== "") parts.push(detail);
  if (secondsLeft !== undefined && Number.isFinite(secondsLeft))
    parts.push(`${formatSeconds(secondsLeft)} left`);
  return parts.join(" · ");
}
