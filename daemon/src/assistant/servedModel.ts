/**
 * A loaded model with all that belongs to it alone: the documents' Sessions and the learning of the projects that are
 * open with it. It ends in two ways: at once, or when all who were given it are done.
 */

import type { LoadedModel } from "../models/loadedModel.js";
import { SessionPool } from "../states/sessionPool.js";
import type { OpenProjects } from "./openProjects.js";

export class ServedModel {
  readonly loaded: LoadedModel;
  readonly sessions: SessionPool;
  readonly projects: OpenProjects;
  #users = 0;
  #onUnused: () => void = () => undefined;
  #learningClosed: Promise<void> | undefined;

  constructor(parts: { readonly loaded: LoadedModel; readonly projects: OpenProjects }) {
    this.loaded = parts.loaded;
    this.projects = parts.projects;
    this.sessions = new SessionPool({ model: parts.loaded.model });
  }

  /** The model is in use until the result is called, once. */
  hold(): () => void {
    this.#users += 1;
    return () => {
      this.#users -= 1;
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
    this.loaded.engine.close();
  }
}
