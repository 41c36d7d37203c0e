/** The Sessions of all open documents and conversations, by key: bounded in number and in the bytes of their States. */

import { STATES_BYTES_MAX } from "../base/memory/bounds.js";
import { NewestMap } from "../base/memory/newestMap.js";
import type { Model, ModelInfo } from "../engine/engine.js";
import { Session } from "./session.js";

/** Nobody types in more documents at once; the one that was left longest is read again when it is come back to. */
export const SESSIONS_MAX = 32;
/** The marks of a longest prompt, and as many again of what was before. */
const STATES_PER_SESSION_MAX = 16;
/** One before the prefix's end and one at the boundary: fewer would make a Session useless. */
const STATES_PER_SESSION_MIN = 2;

export class SessionPool {
  readonly #model: Model;
  readonly #statesMax: number;
  readonly #sessions: NewestMap<string, Session>;
  readonly #nowMs: () => number;

  constructor(options: {
    readonly model: Model;
    readonly bytesMax?: number;
    /** Monotonic. */
    readonly nowMs?: () => number;
  }) {
    const { model, bytesMax = STATES_BYTES_MAX, nowMs = () => performance.now() } = options;
    this.#nowMs = nowMs;
    const { statesMax, sessionsMax } = poolLimits(stateBytes(model.info), bytesMax);
    this.#model = model;
    this.#statesMax = statesMax;
    this.#sessions = new NewestMap(sessionsMax);
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Of the States that are kept now. */
  get bytes(): number {
    const states = this.#sessions.values().reduce((sum, { size }) => sum + size, 0);
    return states * stateBytes(this.#model.info);
  }

  /** Makes it where there is none; the one that was asked for least recently makes room. */
  sessionOf(key: string): Session {
    const session =
      this.#sessions.get(key) ?? new Session({ model: this.#model, statesMax: this.#statesMax });
    session.usedAtMs = this.#nowMs();
    this.#sessions.set(key, session);
    return session;
  }

  /** Those that were asked for longer ago than that; what they had read is read again when they are come back to. */
  forgetUnused(unusedMs: number): void {
    const untilMs = this.#nowMs() - unusedMs;
    this.forgetWhere((_key, { usedAtMs }) => usedAtMs <= untilMs);
  }

  forgetWhere(goes: (key: string, session: Session) => boolean): void {
    for (const [key, session] of this.#sessions.entries()) if (goes(key, session)) this.forget(key);
  }

  forget(key: string): void {
    this.#sessions.delete(key);
  }

  clear(): void {
    this.#sessions.clear();
  }
}

/** Every Session may hold its full number of States at once. The least that works is given even where it is too much. */
export function poolLimits(bytesPerState: number, bytesMax: number) {
  const statesFit = Math.floor(bytesMax / bytesPerState);
  const statesMax = Math.max(STATES_PER_SESSION_MIN, Math.min(STATES_PER_SESSION_MAX, statesFit));
  const sessionsMax = Math.max(1, Math.min(SESSIONS_MAX, Math.floor(statesFit / statesMax)));
  return { statesMax, sessionsMax };
}

/** Per layer two rows of the width and one matrix per head, in f32. */
export function stateBytes({ layers, width, heads, headSize }: ModelInfo): number {
  return 4 * layers * (2 * width + heads * headSize * headSize);
}
