/**
 * The span of a correction that is taught: the wanted text from where it first departs from what the model writes. Where
 * the model does not write what stands before the span (any more), the span begins there from then on.
 */

import type { Adapter, Model, Score, State, Trainer } from "../../engine/engine.js";
import type { CorrectionRecord, Recipe } from "../../journal/records.js";
import { cancellable, unhurried } from "../baseCache.js";
import type { Show } from "../context.js";
import { finished } from "../interrupted.js";
import { type Proof, prove } from "../proof.js";
import { type Example, toExample } from "./example.js";
import { type SpanScore, spanScore } from "./stoppingCriterion.js";

interface SpanOptions {
  readonly model: Model;
  readonly show: Show;
  /** The base's, after `prefixOf(correction)`. */
  readonly state: State;
  readonly correction: CorrectionRecord;
  /** Index into the wanted tokens. */
  readonly start: number;
  readonly recipe: Recipe;
  readonly signal: AbortSignal | undefined;
}

export interface Judgement {
  readonly score: SpanScore;
  readonly proof: Proof;
}

export class TaughtSpan {
  readonly #options: SpanOptions;
  #start: number;
  #example: Example;

  constructor(options: SpanOptions) {
    this.#options = options;
    this.#start = options.start;
    this.#example = toExample({ ...options, spanStart: options.start });
  }

  /** Index into the wanted tokens. */
  get start(): number {
    return this.#start;
  }

  get example(): Example {
    return this.#example;
  }

  get state(): State {
    return this.#options.state;
  }

  /** How the model does under an adapter as stored, or as the base, and what it writes. */
  async judge(adapter: Adapter | undefined): Promise<Judgement> {
    const { model, show, state, correction, signal } = this.#options;
    const { tokens } = this.#example;
    const reading = { state, tokens, ...(adapter && { adapter }), ...unhurried(signal) };
    const score = this.#scoreOf(await finished(model.score(reading)));
    return { score, proof: await prove({ model, show, adapter, state, correction, signal }) };
  }

  async scoreUnder(trainer: Trainer): Promise<SpanScore> {
    const { state, signal } = this.#options;
    const { tokens } = this.#example;
    return this.#scoreOf(await finished(trainer.score({ state, tokens, ...cancellable(signal) })));
  }

  #scoreOf(score: Score): SpanScore {
    const { beginningLostAt } = spanScore(score, this.#example);
    if (beginningLostAt !== undefined) {
      this.#start = beginningLostAt;
      this.#example = toExample({ ...this.#options, spanStart: beginningLostAt });
    }
    return spanScore(score, this.#example);
  }
}

/** What the base alone reads of a correction's prompt. */
export function prefixOf(correction: CorrectionRecord): Uint32Array {
  return Uint32Array.from(correction.prompt.tokens.slice(0, correction.boundary));
}
