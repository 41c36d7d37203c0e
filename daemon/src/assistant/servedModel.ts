/**
 * A loaded model with all that belongs to it alone: the documents' Sessions and the learning of the projects that are
 * open with it. It ends in two ways: at once, or when all who were given it are done.
 */

import type { LoadedModel } from "../models/loadedModel.js";
import { createSessionPool, type SessionPool } from "../states/sessionPool.js";
import type { OpenProjects } from "./openProjects.js";

export interface ServedModel {
  readonly loaded: LoadedModel;
  readonly sessions: SessionPool;
  readonly projects: OpenProjects;
  /** It is in use until the result is called, once. */
  hold(): () => void;
  /** No lesson begins any more; resolves when those in training have ended. */
  rest(): Promise<void>;
  /** Everything learned is written down; whoever comes now is turned away with `learning-closed`. Idempotent. */
  closeLearning(): Promise<void>;
  /** Closes learning, and the engine when nobody uses it any more. */
  retire(): Promise<void>;
  /** Closes learning and the engine: whoever uses it still is told that it was closed. Idempotent. */
  close(): Promise<void>;
}

export function createServedModel(parts: {
  readonly loaded: LoadedModel;
  readonly projects: OpenProjects;
}): ServedModel {
  const { loaded, projects } = parts;
  const sessions = createSessionPool({ model: loaded.model });
  let users = 0;
  let onUnused: () => void = () => undefined;
  let learningClosed: Promise<void> | undefined;
  const closeLearning = () => {
    learningClosed ??= projects.closeAll();
    return learningClosed;
  };
  const close = async () => {
    sessions.clear();
    await closeLearning();
    loaded.engine.close();
  };
  return {
    loaded,
    sessions,
    projects,
    hold() {
      users += 1;
      return () => {
        users -= 1;
        if (users === 0) onUnused();
      };
    },
    rest: () => projects.rest(),
    closeLearning,
    async retire() {
      const unused = new Promise<void>((resolve) => {
        onUnused = resolve;
        if (users === 0) resolve();
      });
      await closeLearning();
      await unused;
      await close();
    },
    close,
  };
}
