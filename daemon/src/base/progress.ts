/** Progress of a long piece of work: what is being done, how much is done, and how long the rest may take. */

export interface Progress {
  readonly phase: string;
  readonly done: number;
  /** 0 where nobody knows. */
  readonly total: number;
  /** What is being worked on, or how well it goes, for people; may be empty. */
  readonly detail: string;
  /** Estimated from the pace of this phase; undefined before there is one. */
  readonly secondsLeft: number | undefined;
}

export type OnProgress = (progress: Progress) => void;

interface PhaseOptions {
  readonly phase: string;
  readonly total: number;
  readonly onProgress: OnProgress | undefined;
  /** Monotonic clock in milliseconds. */
  readonly nowMs?: () => number;
}

/** Returns a reporter to be called as `done` grows. */
export function startPhase(options: PhaseOptions): (done: number, detail: string) => void {
  const nowMs = options.nowMs ?? (() => performance.now());
  const startedMs = nowMs();
  return (done, detail) => {
    const secondsPerItem = done > 0 ? (nowMs() - startedMs) / 1_000 / done : undefined;
    options.onProgress?.({
      phase: options.phase,
      done,
      total: options.total,
      detail,
      secondsLeft: secondsPerItem === undefined ? undefined : secondsPerItem * (options.total - done),
    });
  };
}
