/**
 * Recipes of whole training runs (configs/training/*.json): the shape of the model, what it reads, how long and at which
 * rates. Data only; the loop lives elsewhere.
 */

import { z } from "zod";
import embedded from "../training/embedded.json" with { type: "json" };
import embeddedLast from "../training/embedded-last.json" with { type: "json" };
import embeddedLonger from "../training/embedded-longer.json" with { type: "json" };

const modelShapeSchema = z.strictObject({
  layers: z.int().min(1),
  width: z.int().multipleOf(64).min(64),
  vocabularySize: z.int().min(257).max(65_536),
});
export type ModelShapeConfig = z.infer<typeof modelShapeSchema>;

const learningRateSchema = z.strictObject({
  peak: z.number().positive(),
  /** Steps from 0 to the peak, in a straight line. */
  warmupSteps: z.int().nonnegative(),
  /** The last steps of a run, in which the rate falls in a straight line; between the two it stands at the peak. */
  decaySteps: z.int().nonnegative(),
  /** Rate of the last step as a share of the peak. */
  endShare: z.number().min(0).max(1),
});
export type LearningRateSchedule = z.infer<typeof learningRateSchema>;

/** The engine's OptimizerOptions. */
const optimizerSchema = z.strictObject({
  beta1: z.number().min(0).lt(1),
  beta2: z.number().min(0).lt(1),
  epsilon: z.number().positive(),
  weightDecay: z.number().nonnegative(),
  clip: z.number().nonnegative(),
  groups: z.enum(["uniform", "official"]),
  /** Muon for the layers' big matrices; the engine's MuonOptions. */
  muon: z
    .strictObject({
      momentum: z.number().min(0).lt(1),
      learningRateScale: z.number().positive(),
      weightDecay: z.number().nonnegative(),
    })
    .optional(),
});
export type OptimizerConfig = z.infer<typeof optimizerSchema>;

/** Limits above which a step is not applied, because its batch is not like the others. */
const guardSchema = z.strictObject({
  /** Nats per token above the mean of the last steps. */
  lossAbove: z.number().positive(),
  /** Times the mean gradient norm of the last steps. */
  gradientNormTimes: z.number().gt(1),
});
export type GuardConfig = z.infer<typeof guardSchema>;

const share = z.number().min(0).max(1);

/** Shares of windows by kind; the rest stays plain text. */
const sampleMixSchema = z
  .strictObject({
    fill: share,
    /** Share of fills whose cut lies between two tokens, as a request's does; the others are cut at any character. */
    fillAtTokens: share,
    /** Share of fills that hint the suffix once more. */
    hints: share,
    edit: share,
    chat: share,
    /** Text with some identifiers renamed throughout. */
    renamed: share,
    /** Text tokenised in pieces cut at any character. */
    split: share,
    /** Share of plain windows inside a document that get its header, as a cut prompt does. */
    headers: share,
  })
  .refine(({ fill, edit, chat, renamed, split }) => fill + edit + chat + renamed + split <= 1, {
    error: "the shares of fill, edit, chat, renamed and split sum to more than 1",
  });

/** A part of the curriculum: so many steps on windows of this length. */
const contextStageSchema = z.strictObject({ contextTokens: z.int().min(96), steps: z.int().min(1) });
export type ContextStage = z.infer<typeof contextStageSchema>;

export const pretrainingSchema = z
  .strictObject({
    description: z.string(),
    model: modelShapeSchema,
    /** A recipe of configs/corpora, or a recipe file. */
    corpus: z.string(),
    /** A model to go on from instead of the official initial values: a folder with model.safetensors and vocab.txt. */
    start: z.string().optional(),
    tokensPerStep: z.int().min(96),
    stages: z.array(contextStageSchema).min(1),
    learningRate: learningRateSchema,
    optimizer: optimizerSchema,
    mix: sampleMixSchema,
    guard: guardSchema.optional(),
    /** The model that is validated and exported is this average over the last steps, not the last one. */
    averaging: z.strictObject({ decay: z.number().min(0).lt(1) }).optional(),
    l2wrap: z.boolean(),
    seed: z.int().nonnegative(),
    /** A run that is killed loses at most this much. */
    saveEveryMinutes: z.number().positive(),
  })
  .superRefine(({ tokensPerStep, stages }, context) => {
    const longest = Math.max(...stages.map(({ contextTokens }) => contextTokens));
    for (const { contextTokens } of stages)
      if (tokensPerStep % contextTokens !== 0 || longest % contextTokens !== 0)
        context.addIssue(
          `a context of ${contextTokens} divides neither tokensPerStep nor the longest context`,
        );
  });
export type PretrainingConfig = z.infer<typeof pretrainingSchema>;

export const PRETRAINING_CONFIGS: Readonly<Record<string, PretrainingConfig>> = {
  embedded: pretrainingSchema.parse(embedded),
  "embedded-last": pretrainingSchema.parse(embeddedLast),
  "embedded-longer": pretrainingSchema.parse(embeddedLonger),
};

export function stepsOf({ stages }: Pick<PretrainingConfig, "stages">): number {
  return stages.reduce((sum, { steps }) => sum + steps, 0);
}

/** The learning rate of step 0, 1, …: warm-up, stable, decay (WSD, arXiv:2404.06395). */
export function learningRateAt(options: {
  readonly schedule: LearningRateSchedule;
  readonly step: number;
  readonly steps: number;
}): number {
  const { schedule, step, steps } = options;
  const { peak, warmupSteps, decaySteps, endShare } = schedule;
  if (step < warmupSteps) return (peak * (step + 1)) / warmupSteps;
  const left = steps - 1 - step;
  if (left >= decaySteps) return peak;
  const fallen = Math.min(1, 1 - left / decaySteps);
  return peak * (1 - fallen * (1 - endShare));
}
