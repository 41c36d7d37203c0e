/**
 * The training of one correction: a pure function of base, adapter, correction, earlier corrections, recipe and
 * seed. It writes nothing and publishes nothing; `publish.ts` does. Steps until every token of the span leads by
 * the recipe's margin under the adapter as it will be stored, and the same prompt comes out as wanted; a text that is
 * only to be read, until it is well known.
 */

import { AppError } from "../base/errors.js";
import { drawDistinct, randomFrom } from "../base/random.js";
import type { Adapter, Model, Score, State, Trainer, TrainSequence } from "../engine/engine.js";
import type { CorrectionRecord, Recipe } from "../journal/records.js";
import type { Anchor } from "./anchors.js";
import { type BaseReader, cancellable, unhurried } from "./baseCache.js";
import { type Example, toExample } from "./example.js";
import { finished, stopIfAborted } from "./interrupted.js";
import { type Proof, prove } from "./proof.js";
import { type Earlier, replayPool } from "./replay.js";
import { type Fare, fareOf, isAchieved, isLearned } from "./stoppingCriterion.js";

export interface TrainingEvent {
  readonly model: Model;
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

export interface StepReport {
  readonly step: number;
  readonly stepsMax: number;
  /** Mean nats per token of the span. */
  readonly loss: number;
  readonly margin: number;
}

export interface Trained {
  /** `learned`: proven. `limit`: not within the recipe's steps. `diverged`: a step had no finite result. */
  readonly outcome: "learned" | "limit" | "diverged";
  /** The adapter to publish and the trainer that can save it; absent when no step was needed or none helped. */
  readonly made: { readonly adapter: Adapter; readonly trainer: Trainer } | undefined;
  readonly steps: number;
  readonly spanStart: number;
  readonly before: Fare;
  readonly after: Fare;
  readonly proof: Proof;
  readonly replayed: readonly string[];
  readonly anchorIds: readonly string[];
}

/** Throws `Interrupted`; `learning-numbers` where already the first reading is not finite. */
export async function trainCorrection(event: TrainingEvent): Promise<Trained> {
  const { recipe, signal } = event;
  const lesson = await openLesson(event);
  const before = await lesson.judge(event.from);
  if (!hasNumbers(before.fare)) {
    throw new AppError(
      "learning-numbers",
      "the model gives this correction no finite loss; its checkpoint or adapter is damaged",
    );
  }
  const random = randomFrom(event.seed);
  const pool = replayPool({ earlier: event.earlier, event: event.correction, random });
  const used = { replayed: new Set<string>(), anchorIds: new Set<string>() };
  const result = (after: Judgement, rest: Pick<Trained, "outcome" | "made" | "steps">): Trained => ({
    ...rest,
    spanStart: lesson.spanStart(),
    before: before.fare,
    after: after.fare,
    proof: after.proof,
    replayed: [...used.replayed],
    anchorIds: [...used.anchorIds],
  });
  const { aim } = event.correction;
  const goal = { aim, marginNats: recipe.marginNats };
  if (isLearned(before.fare, goal) && (aim === "read" || before.proof.matches)) {
    return result(before, { outcome: "learned", made: undefined, steps: 0 });
  }

  const trainer = createTrainer(event);
  let after = before;
  for (let step = 1; step <= recipe.stepsMax; step++) {
    stopIfAborted(signal);
    const example = lesson.example();
    const sequences = await batchOf({ event, example, state: lesson.state, pool, random, used });
    const { learningRate } = recipe;
    const { applied } = await finished(trainer.step({ sequences, learningRate, ...cancellable(signal) }));
    const fare = applied ? await lesson.fareUnder(trainer) : undefined;
    if (!fare || !hasNumbers(fare))
      return result(after, { outcome: "diverged", made: undefined, steps: step - 1 });
    event.onStep({ step, stepsMax: recipe.stepsMax, loss: fare.loss, margin: fare.margin });
    const isLast = step === recipe.stepsMax;
    if (!isLearned(fare, goal) && !isLast) continue;

    // Storing rounds the weights, which may undo the last digits of a margin; only the rounded ones count. After
    // the last step a smaller margin will do, as long as the wanted text comes out.
    const adapter = await trainer.publish();
    after = await lesson.judge(adapter);
    const { matches } = after.proof;
    const isWorthIt = isAchieved({ aim, before: before.fare, after: after.fare, matches });
    if (isWorthIt && (isLast || isLearned(after.fare, goal))) {
      return result(after, { outcome: "learned", made: { adapter, trainer }, steps: step });
    }
  }
  return result(after, { outcome: "limit", made: undefined, steps: recipe.stepsMax });
}

interface Judgement {
  readonly fare: Fare;
  readonly proof: Proof;
}

interface Lesson {
  /** The base's, before the boundary. */
  readonly state: State;
  /** Both change when a part of the lead is lost. */
  example(): Example;
  spanStart(): number;
  /** How the correction fares under an adapter as stored, or under the base. */
  judge(adapter: Adapter | undefined): Promise<Judgement>;
  fareUnder(trainer: Trainer): Promise<Fare>;
}

async function openLesson(event: TrainingEvent): Promise<Lesson> {
  const { model, correction, recipe, signal } = event;
  const state = await event.base.stateAfter(prefixOf(correction), signal);
  let { spanStart } = event;
  let example = toExample({ correction, spanStart, recipe });
  const { tokens } = example;

  const fareAfter = (score: Score): Fare => {
    const fare = fareOf(score, example);
    if (fare.leadLostAt === undefined) return fare;
    // The unchanged lead is not what the model writes (any more): from there on it must be taught as well.
    spanStart = fare.leadLostAt;
    example = toExample({ correction, spanStart, recipe });
    return fareOf(score, example);
  };
  return {
    state,
    example: () => example,
    spanStart: () => spanStart,
    async judge(adapter) {
      const reading = { state, tokens, ...(adapter && { adapter }), ...unhurried(signal) };
      const fare = fareAfter(await finished(model.score(reading)));
      return { fare, proof: await prove({ model, adapter, state, correction, signal }) };
    },
    async fareUnder(trainer) {
      return fareAfter(await finished(trainer.score({ state, tokens, ...cancellable(signal) })));
    },
  };
}

function hasNumbers({ loss, margin }: Fare): boolean {
  return Number.isFinite(loss) && Number.isFinite(margin);
}

function createTrainer({ model, from, recipe, seed }: TrainingEvent): Trainer {
  const { parameters, optimizer } = recipe;
  return model.createTrainer({ parameters, optimizer, seed, ...(from && { from }) });
}

/** One step's sequences: the correction, some earlier ones, some anchors. */
async function batchOf(options: {
  readonly event: TrainingEvent;
  readonly example: Example;
  readonly state: State;
  readonly pool: readonly Earlier[];
  readonly random: () => number;
  readonly used: { readonly replayed: Set<string>; readonly anchorIds: Set<string> };
}): Promise<TrainSequence[]> {
  const { event, example, random, used } = options;
  const { base, recipe, signal, correction } = event;
  const reference = await base.referenceOf(prefixOf(correction), example.tokens, signal);
  const sequences: TrainSequence[] = [{ ...example, state: options.state, reference }];

  for (const earlier of drawDistinct({ random, items: options.pool, count: recipe.replayPerStep })) {
    const state = await base.stateAfter(prefixOf(earlier.correction), signal);
    const { tokens, weights } = toExample({ ...earlier, recipe });
    sequences.push({ tokens, weights, state });
    used.replayed.add(earlier.correction.id);
  }
  for (const anchor of drawDistinct({ random, items: event.anchors, count: recipe.anchorsPerStep })) {
    sequences.push(await anchorSequence(anchor, base, signal));
    used.anchorIds.add(anchor.id);
  }
  return sequences;
}

async function anchorSequence(
  anchor: Anchor,
  base: BaseReader,
  signal: AbortSignal | undefined,
): Promise<TrainSequence> {
  const prefix = { key: `anchor ${anchor.id}`, tokens: anchor.prefix };
  const positions = anchor.tokens.length - 1;
  return {
    tokens: anchor.tokens,
    weights: new Float32Array(positions),
    klWeights: new Float32Array(positions).fill(1),
    state: await base.stateAfter(prefix, signal),
    reference: await base.referenceOf(prefix, anchor.tokens, signal),
  };
}

export function prefixOf(correction: CorrectionRecord) {
  return {
    key: `correction ${correction.id}`,
    tokens: Uint32Array.from(correction.prompt.tokens.slice(0, correction.boundary)),
  };
}
