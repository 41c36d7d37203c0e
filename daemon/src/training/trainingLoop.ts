/**
 * A training run over batches, resumable at any step: a whole model from its initial values, or any model further.
 *
 * A step is a pure function of parameters, moments, the batch and the log so far, and a batch one of its number; so the
 * trainer's state and the log are enough to go on bit for bit. The log is made durable before the state that counts on it.
 */

import { existsSync } from "node:fs";
import { chmod, rm } from "node:fs/promises";
import { join } from "node:path";
import {
  type GuardConfig,
  type LearningRateSchedule,
  learningRateAt,
  type OptimizerConfig,
} from "@ouroboros/configs";
import { AppError } from "../base/errors.js";
import { makeFolder } from "../base/makeFolder.js";
import type {
  AveragingOptions,
  Model,
  OptimizerOptions,
  TrainedParameters,
  Trainer,
  TrainSequence,
} from "../engine/engine.js";
import { type EventFile, openEventFile } from "./eventFile.js";
import { limitsOf } from "./outlierGuard.js";
import { LOG_FILE, openRunLog, type RunLog } from "./runLog.js";

/** How long and how fast, whatever is trained. */
export interface TrainingPlan {
  readonly steps: number;
  readonly tokensPerStep: number;
  readonly learningRate: LearningRateSchedule;
  readonly optimizer: OptimizerConfig;
  readonly guard?: GuardConfig | undefined;
  readonly averaging?: AveragingOptions | undefined;
  readonly l2wrap: boolean;
  readonly seed: number;
  /** A run that is killed loses at most this much. */
  readonly saveEveryMinutes: number;
}

interface TrainingLoopOptions {
  readonly model: Model;
  readonly plan: TrainingPlan;
  readonly parameters: TrainedParameters;
  /** The sequences of a step, each from the zero State. */
  readonly batch: (step: number) => readonly Uint32Array[];
  /** Holds the state to resume from, the log and the event files. */
  readonly folder: string;
  readonly resume: "resume" | "restart";
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  readonly onStep?: (progress: TrainingProgress) => void;
  /** Text the model does not train on; scored whenever the state is saved. */
  readonly validation?: readonly Uint32Array[];
  /** Ends this leg with its state saved, as the signal does. */
  readonly minutesMax?: number | undefined;
  readonly signal?: AbortSignal;
}

export interface TrainingProgress {
  /** Steps done. */
  readonly step: number;
  readonly steps: number;
  readonly loss: number;
  readonly gradientNorm: number;
  readonly learningRate: number;
  /** Nats per token on the validation text when it was scored last. */
  readonly validationLoss: number | undefined;
  /** Over this leg so far. */
  readonly tokensPerSecond: number;
  readonly secondsLeft: number;
}

type TrainingOutcome =
  | { readonly kind: "finished"; readonly trainer: Trainer; readonly loss: number; readonly steps: number }
  | { readonly kind: "stopped"; readonly trainer: Trainer; readonly step: number };

const STATE_FILE = "state.safetensors";
/** So many steps in a row whose loss or gradient is no number end the run: it has diverged. */
const BAD_STEPS_MAX = 10;
/** Steps between two entries of the event file. */
const EVENT_EVERY_STEPS = 10;
/** Larger parts of a batch leave the processor's cache, and from some 2,500 tokens on are computed twice to save memory. */
const TOKENS_AT_ONCE = 1024;

/** Whether a run that can be resumed lies in `folder`. */
export function hasStoppedRun(folder: string): boolean {
  return existsSync(join(folder, STATE_FILE)) || existsSync(join(folder, LOG_FILE));
}

/**
 * Throws AppError `training-diverged` after ten steps in a row without numbers; the last state stays. Throws
 * AppError `training-unsaved` where the state cannot be written; the one before stays.
 */
export async function runTraining(options: TrainingLoopOptions): Promise<TrainingOutcome> {
  const { plan, folder } = options;
  await makeFolder(folder, 0o700);
  const trainer = options.model.createTrainer({
    parameters: options.parameters,
    seed: plan.seed,
    optimizer: optimizerOf(plan.optimizer),
    ...(plan.averaging === undefined ? {} : { averaging: plan.averaging }),
  });
  const log = await restoreOrClear({ trainer, folder, resume: options.resume });
  const events = await openEventFile(folder);
  try {
    return await new TrainingLoop({ ...options, trainer, log, events }).run();
  } finally {
    await log.close();
    await events.close();
  }
}

interface LoopParts extends TrainingLoopOptions {
  readonly trainer: Trainer;
  readonly log: RunLog;
  readonly events: EventFile;
}

class TrainingLoop {
  readonly #parts: LoopParts;
  readonly #started: { readonly at: number; readonly step: number };
  #savedAt: number;
  #validationLoss: number | undefined;

  constructor(parts: LoopParts) {
    this.#parts = parts;
    this.#started = { at: parts.now(), step: parts.log.steps.length };
    this.#savedAt = this.#started.at;
  }

  async run(): Promise<TrainingOutcome> {
    const { trainer, plan, log, now, minutesMax = Number.POSITIVE_INFINITY } = this.#parts;
    while (log.steps.length < plan.steps) {
      const step = log.steps.length;
      const isOver = now() - this.#started.at > minutesMax * 60_000;
      if (isOver || !(await this.#step(step))) {
        await this.#save();
        return { kind: "stopped", trainer, step };
      }
      if (now() - this.#savedAt > plan.saveEveryMinutes * 60_000) await this.#save();
    }
    await this.#save();
    if (log.steps.at(-1)?.outcome === "not-finite") throw diverged(log.steps.length - 1);
    return { kind: "finished", trainer, loss: log.steps.at(-1)?.loss ?? Number.NaN, steps: plan.steps };
  }

  /** False where the signal came first: nothing has changed. */
  async #step(step: number): Promise<boolean> {
    const { trainer, plan, log, now, signal, batch } = this.#parts;
    const learningRate = learningRateAt({ schedule: plan.learningRate, step, steps: plan.steps });
    const sequences = batch(step).map(wholeSequence);
    const result = await trainer.step({
      sequences,
      sequencesAtOnce: Math.max(1, Math.round((TOKENS_AT_ONCE * sequences.length) / plan.tokensPerStep)),
      learningRate,
      l2wrap: plan.l2wrap,
      ...limitsOf(plan.guard, log.steps),
      ...(signal === undefined ? {} : { signal }),
    });
    if (result.kind === "cancelled") return false;
    const { loss, gradientNorm, outcome } = result;
    const seconds = (now() - this.#started.at) / 1000;
    await log.append({ step, loss, gradientNorm, learningRate, outcome, seconds });
    const last = log.steps.slice(-BAD_STEPS_MAX);
    if (last.length === BAD_STEPS_MAX && last.every((each) => each.outcome === "not-finite")) {
      throw diverged(step);
    }
    await this.#report(step, { loss, gradientNorm, learningRate, seconds });
    return true;
  }

  async #report(
    step: number,
    {
      loss,
      gradientNorm,
      learningRate,
      seconds,
    }: { loss: number; gradientNorm: number; learningRate: number; seconds: number },
  ): Promise<void> {
    const { plan, events, onStep } = this.#parts;
    const done = step + 1 - this.#started.step;
    const tokensPerSecond = (done * plan.tokensPerStep) / seconds;
    if (step % EVENT_EVERY_STEPS === 0)
      await events.scalars(step, {
        loss,
        gradient_norm: gradientNorm,
        learning_rate: learningRate,
        tokens_per_second: tokensPerSecond,
      });
    onStep?.({
      step: step + 1,
      steps: plan.steps,
      loss,
      gradientNorm,
      learningRate,
      validationLoss: this.#validationLoss,
      tokensPerSecond,
      secondsLeft: ((plan.steps - step - 1) * seconds) / done,
    });
  }

  /** Leaves the state saved before where the parameters as they stand give no numbers: it is the last good one. */
  async #save(): Promise<void> {
    const { trainer, log, folder, now } = this.#parts;
    const path = join(folder, STATE_FILE);
    this.#savedAt = now();
    const validationLoss = await this.#validate();
    if (Number.isNaN(validationLoss) || log.steps.at(-1)?.outcome === "not-finite") return;
    try {
      await log.sync();
      await trainer.save({ path });
      await chmod(path, 0o600);
    } catch (cause) {
      throw new AppError(
        "training-unsaved",
        `the training state could not be written to ${path}; make room there and resume: the state saved before is whole`,
        { cause },
      );
    }
  }

  /** Nats per token; undefined without validation text, NaN where the parameters are no good. */
  async #validate(): Promise<number | undefined> {
    const { trainer, model, plan, validation, log, events } = this.#parts;
    if (validation === undefined || validation.length === 0) return undefined;
    let [nats, tokens] = [0, 0];
    for (const window of validation) {
      const score = await trainer.score({
        state: model.zeroState(),
        tokens: window,
        weights: weightsOf(plan),
      });
      if (score.kind === "cancelled") return undefined;
      for (const logProbability of score.logProbabilities) nats -= logProbability;
      tokens += score.logProbabilities.length;
    }
    if (!Number.isFinite(nats)) return Number.NaN;
    this.#validationLoss = nats / tokens;
    await log.note({ step: log.steps.length, validationLoss: this.#validationLoss });
    await events.scalars(log.steps.length, { validation_loss: this.#validationLoss });
    return this.#validationLoss;
  }
}

function diverged(step: number): AppError {
  return new AppError(
    "training-diverged",
    `training diverged at step ${step}: its losses are no numbers any more; lower the learning rate and resume from the last saved state`,
  );
}

/** The weights that a run is about. */
export function weightsOf({ averaging }: Pick<TrainingPlan, "averaging">): "current" | "averaged" {
  return averaging === undefined ? "current" : "averaged";
}

function optimizerOf({ muon, ...rest }: OptimizerConfig): OptimizerOptions {
  return muon === undefined ? rest : { ...rest, muon };
}

/** Every position counts alike. */
function wholeSequence(tokens: Uint32Array): TrainSequence {
  return { tokens, weights: new Float32Array(tokens.length - 1).fill(1) };
}

async function restoreOrClear(options: {
  readonly trainer: Trainer;
  readonly folder: string;
  readonly resume: "resume" | "restart";
}): Promise<RunLog> {
  const { trainer, folder } = options;
  const path = join(folder, STATE_FILE);
  if (options.resume === "resume" && existsSync(path)) await trainer.restore({ path });
  else {
    await rm(path, { force: true });
    await rm(join(folder, LOG_FILE), { force: true });
  }
  return openRunLog({ folder, appliedSteps: trainer.steps });
}
