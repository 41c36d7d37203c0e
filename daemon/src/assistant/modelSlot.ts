/**
 * The one model that all clients share: loaded when somebody first needs it, kept hot, let go when nobody does. Another
 * one is loaded beside it and takes its place once it is ready; whoever was given the one before keeps it to the end. A
 * failed load is told to all who ask for a while, so that a broken file is not read anew with every keystroke.
 */

import { basename } from "node:path";
import { codeOf, errorMessage } from "../base/errorMessage.js";
import { assertNever } from "../base/errors.js";
import type { LoadedModel } from "../models/loadedModel.js";
import type { ModelState } from "../protocol/state.js";
import type { ServedModel } from "./servedModel.js";

const RETRY_AFTER_MS = 10_000;
/** A smaller one repeats what it was taught; it does not hold a conversation. */
const CONVERSING_PARAMETERS_MIN = 100_000_000;
/** Changes that one request may meet: nobody chooses models faster than a request finds its project. */
const CHANGES_MET_MAX = 3;

interface ModelSlotOptions {
  /** Loads the model that is chosen when it is called. */
  readonly load: (signal: AbortSignal) => Promise<LoadedModel>;
  /** `after`: until then the model before may still write down what it learned. Must not throw. */
  readonly serve: (loaded: LoadedModel, after: Promise<void>) => ServedModel;
  readonly onChange: () => void;
  /** Monotonic. */
  readonly nowMs: () => number;
}

type Phase =
  | { readonly kind: "unloaded" }
  | { readonly kind: "loading"; readonly coming: Promise<ServedModel> }
  | { readonly kind: "ready"; readonly served: ServedModel }
  | { readonly kind: "failed"; readonly error: unknown; readonly atMs: number };

export class ModelSlot {
  readonly #options: ModelSlotOptions;
  #phase: Phase = { kind: "unloaded" };
  #notices: readonly string[] = [];
  /** The models before have written down what they learned: only then may the next one learn. */
  #learningClosed: Promise<void> = Promise.resolve();
  /** The model before, until nobody holds it any more: never more than one, so that at most two are in memory. */
  #leaving: { readonly served: ServedModel; readonly left: Promise<void> } | undefined;
  #changing: Promise<void> | undefined;
  #changesAsked = 0;
  /** Gives up the load of a change that a newer choice has overtaken. */
  #changeLoad = new AbortController();

  constructor(options: ModelSlotOptions) {
    this.#options = options;
  }

  get state(): ModelState {
    const phase = this.#phase;
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
  }

  /** The model that answers now, where one is loaded. */
  get served(): ServedModel | undefined {
    return this.#phase.kind === "ready" ? this.#phase.served : undefined;
  }

  /** Why the model that was chosen last is not the one that answers. */
  get notices(): readonly string[] {
    return this.#notices;
  }

  /**
   * Loads the model where it is not; callers at one time share one load. What `work` is given stays open until it ends.
   * Where `work` comes too late to learn with it, because of a change, it runs again with the next one. Throws what
   * loading and `work` throw.
   */
  async use<T>(work: (served: ServedModel) => Promise<T>): Promise<T> {
    for (let changesMet = 0; ; changesMet++) {
      const served = await this.#answering();
      if (this.#hasGivenWay(served)) continue;
      const release = served.hold();
      try {
        return await work(served);
      } catch (error) {
        const isLate = codeOf(error) === "learning-closed" && this.#hasGivenWay(served);
        if (!isLate || changesMet === CHANGES_MET_MAX) throw error;
      } finally {
        release();
      }
    }
  }

  /**
   * Resolves when the model that is chosen by now answers, or will with the next request, where none is loaded. When it
   * cannot be loaded, the one before goes on; throws what loading throws.
   */
  change(): Promise<void> {
    this.#changesAsked += 1;
    this.#changeLoad.abort();
    this.#changing ??= this.#changeToNewest();
    return this.#changing;
  }

  /** Lets the model go; the next `use` loads it again. */
  async unload(): Promise<void> {
    this.#changeLoad.abort();
    const before = this.#phase;
    if (before.kind === "loading" || before.kind === "ready") this.#enter({ kind: "unloaded" });
    if (before.kind === "ready") {
      this.#learningClosed = before.served.closeLearning();
      await before.served.close();
    }
    if (before.kind === "loading") {
      await before.coming.then(
        (served) => served.close(),
        () => undefined,
      );
    }
    await this.#leaving?.served.close();
    await this.#changing?.catch(() => undefined);
  }

  async #answering(): Promise<ServedModel> {
    const phase = this.#phase;
    if (phase.kind === "ready") return phase.served;
    if (phase.kind === "loading") return phase.coming;
    if (phase.kind === "failed" && this.#options.nowMs() < phase.atMs + RETRY_AFTER_MS) throw phase.error;
    return this.#load();
  }

  #load(): Promise<ServedModel> {
    const { load, serve, nowMs } = this.#options;
    const coming = load(new AbortController().signal).then((loaded) => serve(loaded, this.#learningClosed));
    const loading: Phase = { kind: "loading", coming };
    this.#notices = [];
    this.#enter(loading);
    // Let go meanwhile, it is not entered any more.
    const enter = (next: Phase) => this.#phase === loading && this.#enter(next);
    coming.then(
      (served) => enter({ kind: "ready", served }),
      (error: unknown) => enter({ kind: "failed", error, atMs: nowMs() }),
    );
    return coming;
  }

  /** The newest choice counts: what is being loaded for an older one is given up. */
  async #changeToNewest(): Promise<void> {
    try {
      for (let seen = 0; seen !== this.#changesAsked; ) {
        seen = this.#changesAsked;
        this.#changeLoad = new AbortController();
        await this.#changeOnce(this.#changeLoad.signal);
      }
    } finally {
      // In the same breath as the last look: a change that is asked for later begins anew.
      this.#changing = undefined;
    }
  }

  async #changeOnce(superseded: AbortSignal): Promise<void> {
    if (this.#phase.kind === "loading") await this.#phase.coming.catch(() => undefined);
    if (this.#phase.kind === "failed") this.#enter({ kind: "unloaded" });
    await this.#leaving?.left;
    const before = this.#phase;
    if (before.kind !== "ready" || superseded.aborted) return;
    try {
      const loaded = await this.#options.load(superseded);
      // Once it is drained it gives way, even where another choice is made meanwhile: it learns no more.
      const isWanted = this.#phase === before && !superseded.aborted;
      if (isWanted) await before.served.drain();
      if (isWanted && this.#phase === before) this.#replace(before.served, loaded);
      else loaded.engine.close();
    } catch (error) {
      if (this.#phase !== before || superseded.aborted) return;
      this.#notices = [
        `the model chosen last cannot answer, so the one before goes on: ${errorMessage(error)}`,
      ];
      this.#options.onChange();
      throw error;
    }
  }

  /** From here on everybody is given the next one. */
  #replace(before: ServedModel, loaded: LoadedModel): void {
    const left = before.retire().finally(() => {
      this.#leaving = undefined;
    });
    this.#leaving = { served: before, left };
    this.#learningClosed = before.closeLearning();
    this.#notices = [];
    this.#enter({ kind: "ready", served: this.#options.serve(loaded, this.#learningClosed) });
  }

  #enter(next: Phase): void {
    this.#phase = next;
    this.#options.onChange();
  }

  #hasGivenWay(served: ServedModel): boolean {
    return this.#phase.kind === "ready" && this.#phase.served !== served;
  }
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
