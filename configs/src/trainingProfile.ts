/**
 * Named recipes of whole training runs (configs/training/*.json) and the model shapes they start from
 * (configs/models/*.json): what is trained, on what, how long and at which rates. Data only; the loop lives elsewhere.
 */

import { z } from "zod";
import embeddedModel from "../models/embedded.json" with { type: "json" };
import embeddedTraining from "../training/embedded.json" with { type: "json" };

export const modelShapeSchema = z.strictObject({
  description: z.string(),
  layers: z.int().min(1),
  width: z.int().multipleOf(64).min(64),
  vocabularySize: z.int().min(257).max(65_536),
});
export type ModelShapeConfig = z.infer<typeof modelShapeSchema>;

export const learningRateSchema = z.strictObject({
  peak: z.number().positive(),
  /** Steps from 0 to the peak, in a straight line. */
  warmupSteps: z.int().nonnegative(),
  /** Share of all steps after which the rate begins to fall. */
  constantShare: z.number().min(0).max(1),
  /** Rate of the last step as a share of the peak; the fall is a straight line. */
  endShare: z.number().min(0).max(1),
});
export type LearningRateSchedule = z.infer<typeof learningRateSchema>;

/** AdamW, as the engine's OptimizerOptions. */
export const optimizerSchema = z.strictObject({
  beta1: z.number().min(0).lt(1),
  beta2: z.number().min(0).lt(1),
  epsilon: z.number().positive(),
  weightDecay: z.number().nonnegative(),
  clip: z.number().nonnegative(),
  groups: z.enum(["uniform", "official"]),
});

/** How long and how fast, whatever is trained. */
export const trainingRunSchema = z.strictObject({
  sequenceTokens: z.int().min(2),
  sequencesPerStep: z.int().min(1),
  steps: z.int().min(1),
  learningRate: learningRateSchema,
  optimizer: optimizerSchema,
  l2wrap: z.boolean(),
  seed: z.int().nonnegative(),
  /** A run that is killed loses at most this much. */
  saveEveryMinutes: z.number().positive(),
});
export type TrainingRun = z.infer<typeof trainingRunSchema>;

export const trainingProfileSchema = trainingRunSchema.extend({
  description: z.string(),
  /** A shape of configs/models. */
  model: z.string(),
  /** A recipe of configs/corpora. */
  corpus: z.string(),
});
export type TrainingProfile = z.infer<typeof trainingProfileSchema>;

export const MODEL_SHAPES: Readonly<Record<string, ModelShapeConfig>> = {
  embedded: modelShapeSchema.parse(embeddedModel),
};

export const TRAINING_PROFILES: Readonly<Record<string, TrainingProfile>> = {
  embedded: trainingProfileSchema.parse(embeddedTraining),
};

/** The learning rate of step 0, 1, …: warm-up, constant, then a straight fall (learning-rate schedule of the profile). */
export function learningRateAt(options: {
  readonly schedule: LearningRateSchedule;
  readonly step: number;
  readonly steps: number;
}): number {
  const { schedule, step, steps } = options;
  const { peak, warmupSteps, constantShare, endShare } = schedule;
  if (step < warmupSteps) return (peak * (step + 1)) / warmupSteps;
  const fallFrom = Math.max(warmupSteps, Math.floor(steps * constantShare));
  if (step < fallFrom) return peak;
  const fallen = Math.min(1, (step - fallFrom + 1) / Math.max(1, steps - fallFrom));
  return peak * (1 - fallen * (1 - endShare));
}
