/** Counts who uses the daemon, and has the model freed, and the daemon ended, when nobody has for long enough. */

import { type IdleLimits, idleAction } from "./idle.js";

interface LeasesOptions {
  readonly limits: IdleLimits;
  /** Monotonic. */
  readonly nowMs: () => number;
  readonly onUnload: () => void;
  readonly onExit: () => void;
}

interface Lease {
  /** Idempotent. */
  release(): void;
}

export class Leases {
  readonly #options: LeasesOptions;
  #count = 0;
  /** When the last lease ended, or the daemon started. */
  #sinceMs: number;
  #isUnloaded = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LeasesOptions) {
    this.#options = options;
    this.#sinceMs = options.nowMs();
    this.#look();
  }

  take(): Lease {
    this.#count += 1;
    this.#isUnloaded = false;
    this.#look();
    let isReleased = false;
    return {
      release: () => {
        if (isReleased) return;
        isReleased = true;
        this.#count -= 1;
        if (this.#count === 0) this.#sinceMs = this.#options.nowMs();
        this.#look();
      },
    };
  }

  /** Nothing becomes due any more. */
  close(): void {
    clearTimeout(this.#timer);
    // A lease that is released later must not set it again.
    this.#count = Number.POSITIVE_INFINITY;
  }

  #look(): void {
    clearTimeout(this.#timer);
    const { limits, nowMs, onUnload, onExit } = this.#options;
    const idleness = { leases: this.#count, sinceMs: this.#sinceMs, isUnloaded: this.#isUnloaded };
    const action = idleAction({ idleness, limits, nowMs: nowMs() });
    switch (action.kind) {
      case "none":
        return;
      case "wait":
        this.#timer = setTimeout(() => this.#look(), action.ms);
        return;
      case "unload":
        this.#isUnloaded = true;
        onUnload();
        this.#look();
        return;
      case "exit":
        onExit();
    }
  }
}
