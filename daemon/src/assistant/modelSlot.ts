/**
 * The one model that all clients share: loaded when somebody first needs it, kept hot, let go when nobody does. Another
 * one is loaded beside it and takes its place once it is ready; whoever was given the one before keeps it to the end. A
 * failed load is told to all who ask for a while, so that a broken file is not read anew with every keystroke.
 */

import { basename } from "node:path";
import { codeOf, errorMessage } from "../base/errorMessage.js";
import { AppError, assertNever } from "../base/errors.js";
import type { LoadedModel } from "../models/loadedModel.js";
import type { ModelState } from "../protocol/state.js";
import type { ServedModel } from "./servedModel.js";

const RETRY_AFTER_MS = 10_000;
/** A smaller one repeats what it was taught; it does not hold a conversation. */
const CONVERSING_PARAMETERS_MIN = 100_000_000;
/** Changes that one request may meet: nobody chooses models faster than a request finds its project. */
const CHANGES_MET_MAX = 3;

export interface HotModel {
  readonly state: ModelState;
  /** What answers now, where something does. */
  readonly served: ServedModel | undefined;
  /** Why the model that was chosen last is not the one that answers. */
  readonly notices: readonly string[];
  /**
   * Loads it where it is not; callers at one time share one load. What `work` is given stays open until it ends. Where
   * `work` comes too late to learn with it, because of a change, it runs again with the next one. Throws what loading
   * and `work` throw.
   */
  use<T>(work: (served: ServedModel) => Promise<T>): Promise<T>;
  /**
   * Resolves when the model that is chosen by now answers, or will with the next request, where none is loaded. When it
   * cannot be loaded, the one before goes on; throws what loading throws.
   */
  change(): Promise<void>;
  /** Lets it go; the next `use` loads it again. */
  unload(): Promise<void>;
}

export interface HotModelOptions {
  /** The one that is chosen when it is called. */
  readonly load: (signal: AbortSignal) => Promise<LoadedModel>;
  /** `after`: until then the model before may still write down what it learned. Must not throw. */
  readonly serve: (loaded: LoadedModel, after: Promise<void>) => ServedModel;
  readonly onChange: () => void;
  readonly nowMs: () => number;
}

type Phase =
  | { readonly kind: "unloaded" }
  | { readonly kind: "loading"; readonly coming: Promise<ServedModel> }
  | { readonly kind: "ready"; readonly served: ServedModel }
  | { readonly kind: "failed"; readonly error: unknown; readonly atMs: number };

export function createHotModel({ load, serve, onChange, nowMs }: HotModelOptions): HotModel {
  let phase: Phase = { kind: "unloaded" };
  /** Of the models before: only then may the next one learn. */
  let learningClosed: Promise<void> = Promise.resolve();
  /** The one before, until nobody holds it any more: never more than one, so that at most two are in memory. */
  let leaving: { readonly served: ServedModel; readonly left: Promise<void> } | undefined;
  let changing: Promise<void> | undefined;
  let changesAsked = 0;
  let nextLoad = new AbortController();
  let notices: readonly string[] = [];

  const enter = (next: Phase) => {
    phase = next;
    onChange();
  };
  const hasGivenWay = (served: ServedModel) => phase.kind === "ready" && phase.served !== served;

  const begin = (): Promise<ServedModel> => {
    const coming = load(new AbortController().signal).then((loaded) => serve(loaded, learningClosed));
    const here: Phase = { kind: "loading", coming };
    notices = [];
    enter(here);
    coming.then(
      (served) => phase === here && enter({ kind: "ready", served }),
      (error: unknown) => phase === here && enter({ kind: "failed", error, atMs: nowMs() }),
    );
    return coming;
  };
  const get = async (): Promise<ServedModel> => {
    if (phase.kind === "ready") return phase.served;
    if (phase.kind === "loading") return phase.coming;
    if (phase.kind === "failed" && nowMs() < phase.atMs + RETRY_AFTER_MS) throw phase.error;
    return begin();
  };

  /** From here on everybody is given the next one. */
  const giveWay = (before: ServedModel, loaded: LoadedModel) => {
    const left = before.retire().finally(() => {
      leaving = undefined;
    });
    leaving = { served: before, left };
    learningClosed = before.closeLearning();
    notices = [];
    enter({ kind: "ready", served: serve(loaded, learningClosed) });
  };
  const changeOnce = async (superseded: AbortSignal): Promise<void> => {
    if (phase.kind === "loading") await phase.coming.catch(() => undefined);
    if (phase.kind === "failed") enter({ kind: "unloaded" });
    await leaving?.left;
    const before = phase;
    if (before.kind !== "ready" || superseded.aborted) return;
    try {
      const loaded = await load(superseded);
      // Once it rests it gives way, even where another choice is made meanwhile: it learns no more.
      const isWanted = phase === before && !superseded.aborted;
      if (isWanted) await before.served.rest();
      if (isWanted && phase === before) giveWay(before.served, loaded);
      else loaded.engine.close();
    } catch (error) {
      if (phase !== before || superseded.aborted) return;
      notices = [`the model chosen last cannot answer, so the one before goes on: ${errorMessage(error)}`];
      onChange();
      throw error;
    }
  };
  /** The newest choice counts: what is being loaded for an older one is given up. */
  const changeToNewest = async (): Promise<void> => {
    try {
      for (let seen = 0; seen !== changesAsked; ) {
        seen = changesAsked;
        nextLoad = new AbortController();
        await changeOnce(nextLoad.signal);
      }
    } finally {
      changing = undefined;
    }
  };

  return {
    get state(): ModelState {
      switch (phase.kind) {
        case "unloaded":
        case "loading":
          return { kind: phase.kind };
        case "ready":
          return readyState(phase.served.loaded);
        case "failed":
          return { kind: "failed", code: codeOf(phase.error), message: errorMessage(phase.error) };
        default:
          return assertNever(phase);
      }
    },
    get served() {
      return phase.kind === "ready" ? phase.served : undefined;
    },
    get notices() {
      return notices;
    },
    async use(work) {
      for (let changesMet = 0; ; changesMet++) {
        const served = await get();
        if (hasGivenWay(served)) continue;
        const release = served.hold();
        try {
          return await work(served);
        } catch (error) {
          const isLate = error instanceof AppError && error.code === "learning-closed" && hasGivenWay(served);
          if (!isLate || changesMet === CHANGES_MET_MAX) throw error;
        } finally {
          release();
        }
      }
    },
    change() {
      changesAsked += 1;
      nextLoad.abort();
      changing ??= changeToNewest();
      return changing;
    },
    async unload() {
      nextLoad.abort();
      const now = phase;
      if (now.kind === "loading" || now.kind === "ready") enter({ kind: "unloaded" });
      if (now.kind === "ready") {
        learningClosed = now.served.closeLearning();
        await now.served.close();
      }
      if (now.kind === "loading") {
        await now.coming.then(
          (served) => served.close(),
          () => undefined,
        );
      }
      await leaving?.served.close();
      await changing?.catch(() => undefined);
    },
  };
}

function readyState({ model, path, isEmbedded }: LoadedModel): ModelState {
  const { parameters } = model.info;
  return {
    kind: "ready",
    name: isEmbedded ? "embedded" : basename(path),
    isEmbedded,
    parameters,
    canConverse: parameters >= CONVERSING_PARAMETERS_MIN,
  };
}
