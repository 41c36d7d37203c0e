/**
 * One completion, readable from top to bottom: prompt, the base reads up to the boundary, the adapted model writes.
 * Knows nothing of editors, projects or learning: it is given a model and perhaps an adapter.
 */

import type { Adapter, Model, Sampling, Tokenizer } from "../engine/engine.js";
import { controlsOf, stopTokens } from "../prompt/controls.js";
import { completionPrompt } from "../prompt/request.js";
import { createTextStream } from "./textStream.js";

export interface CompleteOptions {
  readonly model: Model;
  readonly tokenizer: Tokenizer;
  /** Without it the base answers. */
  readonly adapter?: Adapter | undefined;
  /** `boundary`: the base reads the prompt, as with corrections; `whole`: the adapter does, as with taught texts. */
  readonly adapterScope: "boundary" | "whole";
  readonly place: { readonly path: string; readonly prefix: string; readonly suffix: string };
  readonly sampling: Sampling;
  readonly tokensMax: number;
  /** The completion ends before this text; empty: nothing but the model ends it. */
  readonly stop: string;
  readonly signal: AbortSignal;
  /** Whole characters, as soon as it is certain that they belong to the completion. */
  readonly onText?: (text: string) => void;
}

export type Completion =
  | {
      readonly kind: "finished";
      readonly text: string;
      readonly tokens: Uint32Array;
      /** Natural-log probability of each token under the adapted model. */
      readonly logProbabilities: Float32Array;
      readonly stoppedBy: "token" | "string" | "limit";
      readonly promptTokens: number;
    }
  | { readonly kind: "cancelled" };

/** Rejects with EngineError only. */
export async function complete(options: CompleteOptions): Promise<Completion> {
  const { model, tokenizer, adapter, place, sampling, tokensMax, stop, signal } = options;
  const prompt = completionPrompt({ tokenizer, ...place });
  const before = prompt.tokens.subarray(0, prompt.boundary);
  const acting = adapter === undefined ? {} : { adapter };
  const reading = options.adapterScope === "whole" ? acting : {};
  const read = await model.read({ state: model.zeroState(), tokens: before, signal, ...reading });
  if (read.kind === "cancelled") return { kind: "cancelled" };
  const stream = createTextStream({ stop, lead: prompt.lead, onText: options.onText ?? (() => {}) });
  const generation = await model.generate({
    state: read.state,
    tokens: prompt.tokens.subarray(prompt.boundary),
    sampling,
    tokensMax,
    stopTokens: stopTokens(controlsOf(tokenizer)),
    tokenizer,
    signal,
    onToken: (token) => stream.write(tokenizer.bytesOf(token) ?? new Uint8Array()),
    ...(stop === "" ? {} : { stopStrings: [stop] }),
    ...acting,
  });
  const text = stream.end();
  if (generation.kind === "cancelled" || generation.stoppedBy === "cancel") return { kind: "cancelled" };
  const { tokens, logProbabilities, stoppedBy } = generation;
  return { kind: "finished", text, tokens, logProbabilities, stoppedBy, promptTokens: prompt.tokens.length };
}
