/**
 * What the daemon's process holds, and gives back when nobody needs it: a project's adapter and States a while after they
 * were asked for last, what a lesson read of the base when the lessons are over, and in a quiet moment what JavaScript's
 * collector finds, for the system. The bounds in bytes are those of `base/memory/bounds.ts`.
 */

import { errorMessage } from "../base/errorMessage.js";
import type { Log } from "../base/log.js";
import {
  ADAPTERS_BYTES_MAX,
  BASE_STATES_BYTES_MAX,
  GIVEN_BYTES_MAX,
  REFERENCES_BYTES_MAX,
  STATES_BYTES_MAX,
} from "../base/memory/bounds.js";
import { collectGarbage } from "../base/memory/collectGarbage.js";
import { baseReaderOf } from "../learning/baseCache.js";
import type { HeldMemory } from "../protocol/state.js";
import type { GivenCompletions } from "./givenCompletions.js";
import type { ServedModel } from "./servedModel.js";

const SWEEP_EVERY_MS = 10_000;
/** A window that is reloaded is back by then; so is a command that asks twice. */
const UNNAMED_AFTER_MS = 30_000;
/** Opening again takes about a tenth of a second: once after a pause of this length nobody minds. */
const UNUSED_AFTER_MS = 5 * 60_000;
/** One lesson after another finds what the one before read. */
const TAUGHT_AFTER_MS = 60_000;
/** Collecting takes the time of one slow keystroke: it waits until nobody types. */
const QUIET_MS = 10_000;

interface MemoryOptions {
  readonly served: () => ServedModel | undefined;
  readonly given: GivenCompletions;
  /** Whether a client that is connected has named a file or folder of it. */
  readonly isNamed: (projectId: string) => boolean;
  /** Connected now. */
  readonly clients: () => number;
  readonly log: Log;
  /** Monotonic. */
  readonly nowMs: () => number;
}

export class Memory {
  readonly #options: MemoryOptions;
  readonly #timer: NodeJS.Timeout;
  #sweeping: Promise<void> | undefined;
  /** Since when nothing is being learned, as far as sweeps have seen. */
  #taughtMs: number;
  /** What was held, and by whom, when all that could be was given back last. */
  #collectedWith = "";

  constructor(options: MemoryOptions) {
    this.#options = options;
    this.#taughtMs = options.nowMs();
    this.#timer = setInterval(() => {
      this.sweep().catch((error: unknown) => {
        options.log.warn({ message: errorMessage(error) }, "memory cannot be given back");
      });
    }, SWEEP_EVERY_MS).unref();
  }

  /** By kind; the first is the whole. */
  held(): HeldMemory[] {
    const { served, given } = this.#options;
    const { rss, heapUsed } = process.memoryUsage();
    const model = served();
    return [
      { name: "process", bytes: rss, bytesMax: null },
      { name: "JavaScript", bytes: heapUsed, bytesMax: null },
      { name: "model", bytes: model?.loaded.model.bytes ?? 0, bytesMax: null },
      { name: "adapters", bytes: model?.projects.bytes ?? 0, bytesMax: ADAPTERS_BYTES_MAX },
      { name: "States", bytes: model?.sessions.bytes ?? 0, bytesMax: STATES_BYTES_MAX },
      {
        name: "lessons",
        bytes: model ? baseReaderOf(model.loaded.model).bytes : 0,
        bytesMax: BASE_STATES_BYTES_MAX + REFERENCES_BYTES_MAX,
      },
      { name: "completions", bytes: given.bytes, bytesMax: GIVEN_BYTES_MAX },
    ];
  }

  /** One at a time. */
  sweep(): Promise<void> {
    this.#sweeping ??= this.#sweepOnce().finally(() => {
      this.#sweeping = undefined;
    });
    return this.#sweeping;
  }

  /** Resolves when a sweep that has begun has ended. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#sweeping?.catch(() => undefined);
  }

  async #sweepOnce(): Promise<void> {
    const { isNamed, nowMs } = this.#options;
    const served = this.#options.served();
    if (!served) return;
    const { projects, sessions, loaded } = served;
    await projects.closeUnused({ unusedMs: UNNAMED_AFTER_MS, isNeeded: isNamed });
    await projects.closeUnused({ unusedMs: UNUSED_AFTER_MS, isNeeded: () => false });
    sessions.forgetUnused(UNUSED_AFTER_MS);
    if (projects.all.some(({ state }) => state.kind === "learning")) {
      this.#taughtMs = nowMs();
      return;
    }
    if (nowMs() - this.#taughtMs >= TAUGHT_AFTER_MS) baseReaderOf(loaded.model).forget();
    if (served === this.#options.served() && served.unusedMs(nowMs()) >= QUIET_MS)
      await this.#collect(served);
  }

  /** Where anything was asked, let go or given up since the last time. */
  async #collect(served: ServedModel): Promise<void> {
    const bytes = this.held()
      .slice(2)
      .map((each) => each.bytes);
    const holding = [this.#options.clients(), served.usedAtMs, ...bytes].join(" ");
    if (holding === this.#collectedWith) return;
    this.#collectedWith = holding;
    await collectGarbage();
    await served.loaded.engine.releaseMemory();
  }
}
