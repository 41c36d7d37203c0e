/**
 * What the base model says before training begins: States before the boundary and reference logits after it.
 * The base never changes, so these are never stale; the newest are kept, since replays and anchors come again.
 */

import { BASE_STATES_BYTES_MAX, REFERENCES_BYTES_MAX } from "../base/memory/bounds.js";
import { NewestMap } from "../base/memory/newestMap.js";
import type { Model, ReferenceLogits, State } from "../engine/engine.js";
import { finished } from "./interrupted.js";

export interface BaseReader {
  /** Kept now: States and reference logits. */
  readonly bytes: number;
  /** The base's State after `prefix`. */
  stateAfter(prefix: Uint32Array, signal: AbortSignal | undefined): Promise<State>;
  /** The base's log-probabilities over `tokens` after `prefix`. */
  referenceOf(
    prefix: Uint32Array,
    tokens: Uint32Array,
    signal: AbortSignal | undefined,
  ): Promise<ReferenceLogits>;
  /** What is asked for next is computed again. */
  forget(): void;
}

/** A State takes 0.4 MB in the embedded model, 2.4 MB at 0.19B; reference logits of a window up to 4 MB. */
const STATES_KEPT_MAX = 64;
const REFERENCES_KEPT_MAX = 16;

const readers = new WeakMap<Model, BaseReader>();

/** One for all projects that a model is taught in: they have its base in common. */
export function baseReaderOf(model: Model): BaseReader {
  const reader = readers.get(model) ?? createBaseReader(model);
  readers.set(model, reader);
  return reader;
}

function createBaseReader(model: Model): BaseReader {
  const bytesOf = (value: State | ReferenceLogits) => model.bytesOf(value);
  const states = new NewestMap<string, State>(STATES_KEPT_MAX, { bytesOf, bytesMax: BASE_STATES_BYTES_MAX });
  const references = new NewestMap<string, ReferenceLogits>(REFERENCES_KEPT_MAX, {
    bytesOf,
    bytesMax: REFERENCES_BYTES_MAX,
  });

  const reader: BaseReader = {
    get bytes() {
      return states.bytes + references.bytes;
    },
    forget() {
      states.clear();
      references.clear();
    },
    stateAfter: (prefix, signal) =>
      remembered({ kept: states, key: keyOf(prefix) }, async () => {
        const state = model.zeroState();
        if (prefix.length === 0) return state;
        return (await finished(model.read({ state, tokens: prefix, ...unhurried(signal) }))).state;
      }),
    referenceOf: (prefix, tokens, signal) =>
      remembered({ kept: references, key: `${keyOf(prefix)} ${keyOf(tokens)}` }, async () => {
        const state = await reader.stateAfter(prefix, signal);
        return (await finished(model.reference({ state, tokens, ...unhurried(signal) }))).logits;
      }),
  };
  return reader;
}

function keyOf(tokens: Uint32Array): string {
  return tokens.join(",");
}

/** A signal as the engine's options take it, where absence and `undefined` differ. */
export function cancellable(signal: AbortSignal | undefined): { readonly signal?: AbortSignal } {
  return signal ? { signal } : {};
}

/** For the reading and writing that learning needs: whoever waits for an answer goes first. */
export function unhurried(signal: AbortSignal | undefined) {
  return { priority: "background", ...cancellable(signal) } as const;
}

interface Memory<T> {
  readonly kept: NewestMap<string, T>;
  readonly key: string;
}

/** What is asked for again becomes the newest. */
async function remembered<T>({ kept, key }: Memory<T>, make: () => Promise<T>): Promise<T> {
  const value = kept.get(key) ?? (await make());
  kept.set(key, value);
  return value;
}
