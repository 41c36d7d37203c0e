/**
 * The training of one correction: a pure function of base, adapter, correction, earlier corrections, recipe and
 * seed. It writes nothing and publishes nothing; `publish.ts` does. Steps until every token of the span leads by
 * the recipe's margin under the adapter as it will be stored, and the same prompt comes out as wanted; a text that is
 * only to be read, until it is well known.
 */

import { AppError } from "../../base/errors.js";
import { randomFrom } from "../../base/random.js";
import type { Adapter, Model, Trainer } from "../../engine/engine.js";
import type { CorrectionRecord, Recipe } from "../../journal/records.js";
import type { Anchor } from "../anchors.js";
import { type BaseReader, cancellable } from "../baseCache.js";
import type { Show } from "../context.js";
import { finished, stopIfAborted } from "../interrupted.js";
import type { Proof } from "../proof.js";
import { type Earlier, replayPool } from "./replay.js";
import { type Goal, hasNumbers, isAchieved, isLearned, type SpanScore } from "./stoppingCriterion.js";
import { type Judgement, prefixOf, TaughtSpan } from "./taughtSpan.js";
import { TrainingBatches } from "./trainingBatches.js";

interface TrainOptions {
  readonly model: Model;
  readonly show: Show;
  readonly base: BaseReader;
  readonly anchors: readonly Anchor[];
  readonly from: Adapter | undefined;
  readonly correction: CorrectionRecord;
  /** What `from` holds, oldest first. */
  readonly earlier: readonly Earlier[];
  /** Where the wanted text first departs from what the model writes or wrote. */
  readonly spanStart: number;
  readonly recipe: Recipe;
  readonly seed: number;
  readonly signal: AbortSignal | undefined;
  readonly onStep: (step: StepReport) => void;
}

interface StepReport {
  readonly step: number;
  readonly stepsMax: number;
  /** Mean nats per token of the span. */
  readonly loss: number;
  readonly margin: number;
}

export interface Trained {
  /** `learned`: proven. `limit`: not within the recipe's steps. `diverged`: a step had no finite result. */
  readonly outcome: "learned" | "limit" | "diverged";
  /** The adapter to publish and the trainer that can save it, which the caller closes; absent when no step was needed or none helped. */
  readonly made: { readonly adapter: Adapter; readonly trainer: Trainer } | undefined;
  readonly steps: number;
  readonly spanStart: number;
  readonly before: SpanScore;
  readonly after: SpanScore;
  readonly proof: Proof;
  readonly replayed: readonly string[];
  readonly anchorIds: readonly string[];
}

/** Throws `LearningInterrupted`; `learning-numbers` where already the first reading is not finite. */
export async function trainCorrection(options: TrainOptions): Promise<Trained> {
  const { model, show, base, correction, recipe, seed, signal } = options;
  const state = await base.stateAfter(prefixOf(correction), signal);
  const span = new TaughtSpan({ model, show, state, correction, start: options.spanStart, recipe, signal });
  const before = await span.judge(options.from);
  if (!hasNumbers(before.score)) {
    throw new AppError(
      "learning-numbers",
      "the model gives this correction no finite loss; its checkpoint or adapter is damaged",
    );
  }
  const random = randomFrom(seed);
  const pool = replayPool({ earlier: options.earlier, correction, random });
  const batches = new TrainingBatches({ ...options, pool, random });
  const { after, ...result } = await trainUntilLearned({ options, span, batches, before });
  return {
    ...result,
    spanStart: span.start,
    before: before.score,
    after: after.score,
    proof: after.proof,
    replayed: [...batches.replayed],
    anchorIds: [...batches.anchorIds],
  };
}

interface Result extends Pick<Trained, "outcome" | "made" | "steps"> {
  readonly after: Judgement;
}

interface Training {
  readonly options: TrainOptions;
  readonly span: TaughtSpan;
  readonly batches: TrainingBatches;
  readonly before: Judgement;
}

async function trainUntilLearned(training: Training): Promise<Result> {
  const { options, before } = training;
  const { aim } = options.correction;
  const goal: Goal = { aim, marginNats: options.recipe.marginNats };
  if (isLearned(before.score, goal) && (aim === "read" || before.proof.matches)) {
    return { after: before, outcome: "learned", made: undefined, steps: 0 };
  }
  const trainer = createTrainer(options);
  let isHandedOn = false;
  try {
    const result = await stepUntilLearned({ ...training, trainer, goal });
    isHandedOn = result.made !== undefined;
    return result;
  } finally {
    if (!isHandedOn) await trainer.close();
  }
}

async function stepUntilLearned(
  training: Training & { readonly trainer: Trainer; readonly goal: Goal },
): Promise<Result> {
  const { options, span, batches, before, trainer, goal } = training;
  const { recipe, signal } = options;
  const { stepsMax, learningRate } = recipe;
  const { aim } = goal;
  let after = before;
  for (let step = 1; step <= stepsMax; step++) {
    stopIfAborted(signal);
    const sequences = await batches.next(span);
    const { applied } = await finished(trainer.step({ sequences, learningRate, ...cancellable(signal) }));
    const score = applied ? await span.scoreUnder(trainer) : undefined;
    if (!score || !hasNumbers(score)) {
      return { after, outcome: "diverged", made: undefined, steps: step - 1 };
    }
    options.onStep({ step, stepsMax, loss: score.loss, margin: score.margin });
    const isLast = step === stepsMax;
    if (!isLearned(score, goal) && !isLast) continue;

    // Storing rounds the weights, which may undo the last digits of a margin; only the rounded ones count. After
    // the last step a smaller margin will do, as long as the wanted text comes out.
    const adapter = await trainer.publish();
    after = await span.judge(adapter);
    const { matches } = after.proof;
    const isWorthIt = isAchieved({ aim, before: before.score, after: after.score, matches });
    if (isWorthIt && (isLast || isLearned(after.score, goal))) {
      return { after, outcome: "learned", made: { adapter, trainer }, steps: step };
    }
  }
  return { after, outcome: "limit", made: undefined, steps: stepsMax };
}

function createTrainer({ model, from, recipe, seed }: TrainOptions): Trainer {
  const { parameters, optimizer } = recipe;
  return model.createTrainer({ parameters, optimizer, seed, ...(from && { from }) });
}
