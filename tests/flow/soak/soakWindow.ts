/**
 * A scripted window: connects, acts until it leaves or is lost, and comes back, as the extension does. Cut by the soak,
 * it is another window that comes in its place; its daemon ended, it waits as the extension's back-off says.
 */

import { setTimeout as delay } from "node:timers/promises";
import { seededRandom } from "../../../daemon/src/base/random.js";
import { nextRestart } from "../../../daemon/src/protocol/backOff.js";
import { ANSWER_MS_MAX, type Ledger } from "./ledger.js";
import type { SoakDaemon } from "./soakDaemon.js";
import { connectWindow, type Door, type WAYS, type WindowConnection } from "./windowConnection.js";
import { actOnce, type Stage } from "./windowScript.js";

/** Between two acts; a person is slower, twenty windows of one person are slower still. */
const PAUSE_MS_MIN = 500;
const PAUSE_MS_MAX = 4_000;
/** One of so many acts is to leave and come back after at most so long. */
const ACTS_PER_LEAVE = 60;
const AWAY_MS_MAX = 4_000;

interface WindowOptions {
  readonly index: number;
  readonly door: Door;
  readonly folder: string;
  readonly seed: number;
  readonly daemon: SoakDaemon;
  readonly ledger: Ledger;
  /** Aborted, it leaves for good. */
  readonly signal: AbortSignal;
}

export class SoakWindow {
  readonly #options: WindowOptions;
  readonly #who: string;
  readonly #taught: string[] = [];
  #connection: WindowConnection | undefined;
  #isCut = false;
  #endedAtMs: readonly number[] = [];

  constructor(options: WindowOptions) {
    this.#options = options;
    this.#who = `window ${options.index} (${options.door})`;
  }

  /** The daemon that it is connected with. */
  get pid(): number | undefined {
    return this.#connection?.pid;
  }

  /** False: there was nothing to cut. */
  async cut(way: (typeof WAYS)[number]): Promise<boolean> {
    const connection = this.#connection;
    if (connection === undefined || this.#isCut) return false;
    this.#isCut = true;
    await connection.cut(way);
    return true;
  }

  async live(): Promise<void> {
    const { signal, seed, index } = this.#options;
    for (let visit = 0; !signal.aborted; visit++) {
      const connection = await this.#comeIn();
      if (connection === undefined) continue;
      this.#isCut = false;
      this.#connection = connection;
      const random = seededRandom(seed, index, visit);
      const isLeaving = await this.#act(connection, random);
      if (isLeaving) await this.#ask(connection, "goodbye", () => connection.leave());
      else await connection.ended;
      this.#connection = undefined;
      await this.#stayAway(connection, isLeaving ? random.below(AWAY_MS_MAX) : 0);
    }
  }

  async #comeIn(): Promise<WindowConnection | undefined> {
    const { ledger, signal } = this.#options;
    const late = AbortSignal.timeout(ANSWER_MS_MAX.connect);
    const attempt = AbortSignal.any([signal, late]);
    const asked = { kind: "connect", who: this.#who, isExcused: () => signal.aborted } as const;
    return ledger.ask(asked, () => this.#connect(attempt));
  }

  async #connect(signal: AbortSignal): Promise<WindowConnection> {
    const { daemon, door, folder } = this.#options;
    for (;;) {
      try {
        return await connectWindow(daemon, { door, folder, signal });
      } catch (error) {
        if (signal.aborted) throw error;
        await this.#backOff(signal);
      }
    }
  }

  /** As the extension does it: at once, later, and no more. */
  async #backOff(signal: AbortSignal): Promise<void> {
    this.#endedAtMs = [...this.#endedAtMs, performance.now()];
    const restart = nextRestart(this.#endedAtMs);
    if (restart.kind === "give-up") {
      // Then a person has it begin anew.
      this.#endedAtMs = [];
      throw new Error(restart.message);
    }
    await delay(restart.delayMs, undefined, { signal });
  }

  /** Until it is over; true: it wants to leave. */
  async #act(connection: WindowConnection, random: Stage["random"]): Promise<boolean> {
    const { folder, ledger, signal } = this.#options;
    let hasEnded = false;
    const over = connection.ended.then(() => {
      hasEnded = true;
    });
    const stage: Stage = {
      conversation: connection.conversation,
      folder,
      random,
      documents: [],
      taught: this.#taught,
      ask: (kind, ask) => this.#ask(connection, kind, ask),
      ledger,
    };
    while (!hasEnded && !signal.aborted) {
      if (random.below(ACTS_PER_LEAVE) === 0) return !this.#isCut;
      await actOnce(stage).catch((error: unknown) => {
        if (!this.#isExcused(connection)) ledger.fault(`${this.#who}: ${error}`);
      });
      const pauseMs = PAUSE_MS_MIN + random.below(PAUSE_MS_MAX - PAUSE_MS_MIN);
      await Promise.race([over, delay(pauseMs, undefined, { signal }).catch(() => undefined)]);
    }
    return !hasEnded && !this.#isCut;
  }

  async #stayAway(connection: WindowConnection, awayMs: number): Promise<void> {
    const { daemon, ledger, signal } = this.#options;
    if (this.#isCut) {
      this.#endedAtMs = [];
      return;
    }
    const isDaemonGone = daemon.hasEnded(connection.pid);
    // What it asked last may be answered, and the connection gone all the same.
    if (awayMs === 0 && !isDaemonGone && !signal.aborted) ledger.fault(`${this.#who}: was left alone`);
    const pause = isDaemonGone ? this.#backOff(signal) : delay(awayMs, undefined, { signal });
    await pause.catch((error: unknown) => {
      if (!signal.aborted) ledger.fault(`${this.#who}: ${error}`);
    });
  }

  #isExcused({ pid }: WindowConnection): boolean {
    return this.#isCut || this.#options.daemon.hasEnded(pid);
  }

  #ask<Answer>(
    connection: WindowConnection,
    kind: Parameters<Stage["ask"]>[0],
    ask: () => Promise<Answer>,
  ): Promise<Answer | undefined> {
    const isExcused = () => this.#isExcused(connection);
    return this.#options.ledger.ask({ kind, who: this.#who, isExcused }, ask);
  }
}
