/** One step's sequences: the span that is taught, some earlier corrections, some anchors on which nothing may change. */

import { drawDistinct } from "../../base/random.js";
import type { TrainSequence } from "../../engine/engine.js";
import type { CorrectionRecord, Recipe } from "../../journal/records.js";
import type { Anchor } from "../anchors.js";
import type { BaseReader } from "../baseCache.js";
import { toExample } from "./example.js";
import type { Earlier } from "./replay.js";
import { prefixOf, type TaughtSpan } from "./taughtSpan.js";

interface BatchOptions {
  readonly base: BaseReader;
  readonly correction: CorrectionRecord;
  /** The earlier corrections to draw from. */
  readonly pool: readonly Earlier[];
  readonly anchors: readonly Anchor[];
  readonly recipe: Recipe;
  readonly random: () => number;
  readonly signal: AbortSignal | undefined;
}

export class TrainingBatches {
  /** Ids of the earlier corrections and of the anchors that were in any batch. */
  readonly replayed = new Set<string>();
  readonly anchorIds = new Set<string>();
  readonly #options: BatchOptions;

  constructor(options: BatchOptions) {
    this.#options = options;
  }

  async next({ example, state }: TaughtSpan): Promise<TrainSequence[]> {
    const { base, correction, pool, anchors, recipe, random, signal } = this.#options;
    const reference = await base.referenceOf(prefixOf(correction), example.tokens, signal);
    const sequences: TrainSequence[] = [{ ...example, state, reference }];
    for (const earlier of drawDistinct({ random, items: pool, count: recipe.replayPerStep })) {
      sequences.push(await this.#earlierSequence(earlier));
    }
    for (const anchor of drawDistinct({ random, items: anchors, count: recipe.anchorsPerStep })) {
      sequences.push(await this.#anchorSequence(anchor));
    }
    return sequences;
  }

  async #earlierSequence(earlier: Earlier): Promise<TrainSequence> {
    const { base, recipe, signal } = this.#options;
    const state = await base.stateAfter(prefixOf(earlier.correction), signal);
    const { tokens, weights } = toExample({ ...earlier, recipe });
    this.replayed.add(earlier.correction.id);
    return { tokens, weights, state };
  }

  async #anchorSequence({ id, prefix, tokens }: Anchor): Promise<TrainSequence> {
    const { base, signal } = this.#options;
    const positions = tokens.length - 1;
    const state = await base.stateAfter(prefix, signal);
    const reference = await base.referenceOf(prefix, tokens, signal);
    this.anchorIds.add(id);
    return {
      tokens,
      weights: new Float32Array(positions),
      klWeights: new Float32Array(positions).fill(1),
      state,
      reference,
    };
  }
}
