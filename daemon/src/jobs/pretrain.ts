/**
 * A training run over batches, resumable at any step: a whole model from its initial values, or any model further.
 *
 * A step is a pure function of parameters, moments and the batch, and a batch one of its number; so saving parameters,
 * moments and step count is enough to go on bit for bit. Numbers of every step go to `losses.jsonl` in the run's folder.
 */

import { appendFile, mkdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { learningRateAt, type TrainingRun } from "@ouroboros/configs";
import type { Model, TrainedParameters, Trainer, TrainSequence, TrainStep } from "@ouroboros/native";
import { AppError } from "../errors.js";

export interface PretrainOptions {
  readonly model: Model;
  readonly profile: TrainingRun;
  readonly parameters: TrainedParameters;
  /** The batch of a step: sequences of sequenceTokens + 1 tokens. */
  readonly batch: (step: number) => readonly Uint32Array[];
  /** Holds the state to resume from and `losses.jsonl`. */
  readonly folder: string;
  readonly resume: "resume" | "restart";
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  readonly onStep?: (progress: PretrainProgress) => void;
  readonly signal?: AbortSignal;
}

export interface PretrainProgress {
  /** Steps done. */
  readonly step: number;
  readonly steps: number;
  readonly loss: number;
  readonly gradientNorm: number;
  readonly learningRate: number;
  /** Over this run so far. */
  readonly tokensPerSecond: number;
  readonly secondsLeft: number;
}

export type Pretrained =
  | { readonly kind: "finished"; readonly trainer: Trainer; readonly loss: number }
  | { readonly kind: "cancelled"; readonly step: number };

const STATE_FILE = "state.safetensors";
const LOSSES_FILE = "losses.jsonl";
/** As many steps in a row whose loss is not finite end the run: it has diverged. */
const BAD_STEPS_MAX = 10;

export async function pretrain(options: PretrainOptions): Promise<Pretrained> {
  const { profile, folder, signal } = options;
  await mkdir(folder, { recursive: true });
  const trainer = options.model.createTrainer({
    parameters: options.parameters,
    seed: profile.seed,
    optimizer: profile.optimizer,
  });
  await restoreOrClear({ trainer, folder, resume: options.resume });
  const started = { at: options.now(), step: trainer.steps };
  let savedAt = started.at;
  let loss = Number.NaN;
  let badSteps = 0;
  while (trainer.steps < profile.steps) {
    const step = trainer.steps;
    const learningRate = learningRateAt({ schedule: profile.learningRate, step, steps: profile.steps });
    const result = await trainer.step({
      sequences: options.batch(step + badSteps).map(wholeSequence),
      learningRate,
      l2wrap: profile.l2wrap,
      ...(signal === undefined ? {} : { signal }),
    });
    if (result.kind === "cancelled") {
      await trainer.save({ path: join(folder, STATE_FILE) });
      return { kind: "cancelled", step };
    }
    badSteps = result.applied ? 0 : badSteps + 1;
    if (badSteps === BAD_STEPS_MAX) {
      throw new AppError("training-diverged", `training diverged at step ${step}; lower the learning rate`);
    }
    loss = result.loss;
    await report({ options, result, step, learningRate, started });
    if (options.now() - savedAt > profile.saveEveryMinutes * 60_000) {
      await trainer.save({ path: join(folder, STATE_FILE) });
      savedAt = options.now();
    }
  }
  await trainer.save({ path: join(folder, STATE_FILE) });
  return { kind: "finished", trainer, loss };
}

/** Every position counts alike. */
export function wholeSequence(tokens: Uint32Array): TrainSequence {
  return { tokens, weights: new Float32Array(tokens.length - 1).fill(1) };
}

async function restoreOrClear(options: {
  readonly trainer: Trainer;
  readonly folder: string;
  readonly resume: "resume" | "restart";
}): Promise<void> {
  const path = join(options.folder, STATE_FILE);
  const exists = await stat(path).then(
    () => true,
    () => false,
  );
  if (options.resume === "resume" && exists) return options.trainer.restore({ path });
  await rm(path, { force: true });
  await rm(join(options.folder, LOSSES_FILE), { force: true });
}

async function report(run: {
  readonly options: PretrainOptions;
  readonly result: TrainStep;
  readonly step: number;
  readonly learningRate: number;
  readonly started: { readonly at: number; readonly step: number };
}): Promise<void> {
  const { options, result, step, learningRate, started } = run;
  const { profile } = options;
  const seconds = (options.now() - started.at) / 1000;
  const done = step + 1 - started.step;
  const tokensPerSecond = (done * profile.sequencesPerStep * profile.sequenceTokens) / seconds;
  const line = { step, loss: result.loss, gradientNorm: result.gradientNorm, learningRate, seconds };
  await appendFile(join(options.folder, LOSSES_FILE), `${JSON.stringify(line)}\n`);
  options.onStep?.({
    step: step + 1,
    steps: profile.steps,
    loss: result.loss,
    gradientNorm: result.gradientNorm,
    learningRate,
    tokensPerSecond,
    secondsLeft: ((profile.steps - step - 1) * seconds) / done,
  });
}
