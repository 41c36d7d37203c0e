/**
 * What the base model says before training begins: States before the boundary and reference logits after it.
 * The base never changes, so these are never stale; the newest are kept, since replays and anchors come again.
 */

import { NewestMap } from "../base/newestMap.js";
import type { Model, ReferenceLogits, State } from "../engine/engine.js";
import { finished } from "./interrupted.js";

export interface Prefix {
  /** Names the prefix among all that are ever asked for. */
  readonly key: string;
  readonly tokens: Uint32Array;
}

export interface BaseReader {
  /** The base's State after `prefix`. */
  stateAfter(prefix: Prefix, signal: AbortSignal | undefined): Promise<State>;
  /** The base's log-probabilities over `tokens` after `prefix`; for one prefix always the same tokens. */
  referenceOf(prefix: Prefix, tokens: Uint32Array, signal: AbortSignal | undefined): Promise<ReferenceLogits>;
}

/** A State takes 0.4 MB in the embedded model, 2.4 MB at 0.19B; reference logits of a window up to 4 MB. */
const STATES_KEPT_MAX = 64;
const REFERENCES_KEPT_MAX = 16;

export function createBaseReader(model: Model): BaseReader {
  const states = new NewestMap<string, State>(STATES_KEPT_MAX);
  const references = new NewestMap<string, ReferenceLogits>(REFERENCES_KEPT_MAX);

  const reader: BaseReader = {
    stateAfter: (prefix, signal) =>
      remembered({ kept: states, key: prefix.key }, async () => {
        const state = model.zeroState();
        if (prefix.tokens.length === 0) return state;
        return (await finished(model.read({ state, tokens: prefix.tokens, ...unhurried(signal) }))).state;
      }),
    referenceOf: (prefix, tokens, signal) =>
      remembered({ kept: references, key: prefix.key }, async () => {
        const state = await reader.stateAfter(prefix, signal);
        return (await finished(model.reference({ state, tokens, ...unhurried(signal) }))).logits;
      }),
  };
  return reader;
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
