/**
 * A loaded model with all that belongs to it alone: the documents' Sessions and the learning of the projects that are
 * open with it. It ends in two ways: at once, or when all who were given it are done.
 */

import { collectGarbage } from "../base/memory/collectGarbage.js";
import { baseReaderOf } from "../learning/baseCache.js";
import type { LoadedModel } from "../models/loadedModel.js";
import { SessionPool } from "../states/sessionPool.js";
import type { OpenProjects } from "./openProjects.js";

export class ServedModel {
  readonly loaded: LoadedModel;
  readonly sessions: SessionPool;
  readonly projects: OpenProjects;
  readonly #nowMs: () => number;
  #users = 0;
  #usedAtMs = 0;
  #onUnused: () => void = () => undefined;
  #learningClosed: Promise<void> | undefined;

  constructor(parts: {
    readonly loaded: LoadedModel;
    readonly projects: OpenProjects;
    /** Monotonic. */
    readonly nowMs: () => number;
  }) {
    const { loaded, projects, nowMs } = parts;
    this.loaded = loaded;
    this.projects = projects;
    this.#nowMs = nowMs;
    this.sessions = new SessionPool({ model: loaded.model, nowMs });
  }

  /** When somebody was given it last, or was done with it. */
  get usedAtMs(): number {
    return this.#usedAtMs;
  }

  /** For how long nobody has used it. */
  unusedMs(nowMs: number): number {
    return this.#users > 0 ? 0 : nowMs - this.#usedAtMs;
  }

  /** The model is in use until the result is called, once. */
  hold(): () => void {
    this.#users += 1;
    this.#usedAtMs = this.#nowMs();
    return () => {
      this.#users -= 1;
      this.#usedAtMs = this.#nowMs();
      if (this.#users === 0) this.#onUnused();
    };
  }

  /** No lesson begins any more; resolves when those in training have ended. */
  drain(): Promise<void> {
    return this.projects.drain();
  }

  /** Everything learned is written down; whoever comes now is turned away with `learning-closed`. Idempotent. */
  closeLearning(): Promise<void> {
    this.#learningClosed ??= this.projects.closeAll();
    return this.#learningClosed;
  }

  /** Closes learning, and the engine when nobody uses it any more. */
  async retire(): Promise<void> {
    const unused = new Promise<void>((resolve) => {
      this.#onUnused = resolve;
      if (this.#users === 0) resolve();
    });
    await this.closeLearning();
    await unused;
    await this.close();
  }

  /** Closes learning and the engine: whoever uses it still is told that it was closed. Idempotent. */
  async close(): Promise<void> {
    this.sessions.clear();
    await this.closeLearning();
    baseReaderOf(this.loaded.model).forget();
    // What handles held goes back to the system with the engine.
    await collectGarbage();
    this.loaded.engine.close();
  }
}
