/**
 * The one model that all clients share: loaded when somebody first needs it, kept hot, let go when nobody does. A
 * failed load is told to all who ask for a while, so that a broken file is not read anew with every keystroke.
 */

import { basename } from "node:path";
import type { LoadedModel } from "../engine/loadedModel.js";
import { assertNever } from "../errors.js";
import type { ModelState } from "../protocol/state.js";
import { codeOf, sentenceOf } from "../sentence.js";

const RETRY_AFTER_MS = 10_000;
/** A smaller one repeats what it was taught; it does not hold a conversation. */
const CONVERSING_PARAMETERS_MIN = 100_000_000;

export interface HotModel {
  readonly state: ModelState;
  /** Loads it where it is not; callers at one time share one load. Throws what loading throws. */
  get(): Promise<LoadedModel>;
  /** Lets it go; the next `get` loads it again. */
  unload(): Promise<void>;
}

export function createHotModel(options: {
  readonly load: () => Promise<LoadedModel>;
  /** Everything that holds on to the model must let go of it here. */
  readonly onUnload: () => Promise<void>;
  readonly onChange: () => void;
  readonly nowMs: () => number;
}): HotModel {
  const { load, onUnload, onChange, nowMs } = options;
  type Phase =
    | { readonly kind: "unloaded" }
    | { readonly kind: "loading" | "ready"; readonly model: Promise<LoadedModel>; readonly state: ModelState }
    | { readonly kind: "failed"; readonly error: unknown; readonly atMs: number };
  let phase: Phase = { kind: "unloaded" };
  const enter = (next: Phase) => {
    phase = next;
    onChange();
  };
  const start = (): Promise<LoadedModel> => {
    const model = load();
    enter({ kind: "loading", model, state: { kind: "loading" } });
    model.then(
      (loaded) => enter({ kind: "ready", model, state: readyState(loaded) }),
      (error: unknown) => enter({ kind: "failed", error, atMs: nowMs() }),
    );
    return model;
  };
  return {
    get state(): ModelState {
      switch (phase.kind) {
        case "unloaded":
          return { kind: "unloaded" };
        case "loading":
        case "ready":
          return phase.state;
        case "failed":
          return { kind: "failed", code: codeOf(phase.error), message: sentenceOf(phase.error) };
        default:
          return assertNever(phase);
      }
    },
    async get() {
      if (phase.kind === "loading" || phase.kind === "ready") return phase.model;
      if (phase.kind === "failed" && nowMs() < phase.atMs + RETRY_AFTER_MS) throw phase.error;
      return start();
    },
    async unload() {
      if (phase.kind !== "loading" && phase.kind !== "ready") return;
      const { model } = phase;
      enter({ kind: "unloaded" });
      await onUnload();
      await model.then(
        ({ engine }) => engine.close(),
        () => undefined,
      );
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
