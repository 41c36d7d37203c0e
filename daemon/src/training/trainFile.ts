/**
 * Trains a model further on someone's texts. Batches are a pure function of texts, seed and step, so a run that was
 * stopped goes on bit for bit; what identifies a run is kept beside its state, and another run cannot take it over.
 */

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, copyFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { writeFileAtomic } from "../base/atomicFile.js";
import { AppError } from "../base/errors.js";
import { makeFolder } from "../base/makeFolder.js";
import { permutation, seededRandom } from "../base/random.js";
import { readRegularText } from "../base/regularFile.js";
import type { Model, Tokenizer, TrainedParameters, Trainer } from "../engine/engine.js";
import type { AdaptedParameters } from "../engine/trainedParameters.js";
import { VOCABULARY_FILE } from "../models/modelFiles.js";
import { END_OF_DOCUMENT } from "../prompt/controls.js";
import { concatenate, encodeText } from "../prompt/encodeText.js";
import { runTraining, type TrainingPlan, type TrainingProgress } from "./trainingLoop.js";

/** All of a run but its length, which follows from texts and epochs. */
export interface FileTrainingRates extends Omit<TrainingPlan, "steps" | "tokensPerStep" | "learningRate"> {
  readonly sequenceTokens: number;
  readonly sequencesPerStep: number;
  readonly learningRate: {
    readonly peak: number;
    readonly warmupSteps: number;
    /** The share of all steps, the last ones, in which the rate falls. */
    readonly decayShare: number;
    readonly endShare: number;
  };
}

interface TrainFileOptions {
  readonly model: Model;
  readonly tokenizer: Tokenizer;
  readonly texts: readonly string[];
  readonly parameters: TrainedParameters;
  /** How often every token is read. */
  readonly epochs: number;
  readonly rates: FileTrainingRates;
  /** Holds the state to resume from while the run lasts. */
  readonly folder: string;
  readonly resume: "resume" | "restart";
  readonly signal: AbortSignal;
  readonly onStep: (progress: TrainingProgress) => void;
}

export type FileTrained =
  | {
      readonly kind: "finished";
      readonly trainer: Trainer;
      readonly loss: number;
      readonly steps: number;
      readonly tokens: number;
    }
  | { readonly kind: "cancelled"; readonly step: number; readonly steps: number };

const IDENTITY_FILE = "run.sha256";

/** Throws AppError `input-invalid` when `folder` holds another run than the one to resume. */
export async function trainFile(options: TrainFileOptions): Promise<FileTrained> {
  const { model, texts, tokenizer, epochs, rates, folder, signal, onStep } = options;
  const tokens = concatenate(texts.flatMap((text) => [encodeText(tokenizer, text), [END_OF_DOCUMENT]]));
  const stream = openTokenStream({ tokens, rates });
  const steps = Math.ceil(epochs * stream.stepsPerEpoch);
  await claimFolder({ ...options, tokens, steps });
  const { peak, warmupSteps, decayShare, endShare } = rates.learningRate;
  const plan = {
    ...rates,
    steps,
    tokensPerStep: rates.sequenceTokens * rates.sequencesPerStep,
    learningRate: { peak, warmupSteps, decaySteps: Math.round(decayShare * steps), endShare },
  };
  const { batch } = stream;
  const resume = options.resume;
  const now = () => performance.now();
  const { parameters } = options;
  const trained = await runTraining({ model, plan, parameters, batch, folder, resume, now, signal, onStep });
  if (trained.kind === "stopped") return { kind: "cancelled", step: trained.step, steps };
  return { kind: "finished", trainer: trained.trainer, loss: trained.loss, steps, tokens: tokens.length };
}

/** Writes what was trained: a model with its vocabulary beside it, or an adapter that names its model. */
export async function saveTrained(options: {
  readonly trainer: Trainer;
  readonly kind: AdaptedParameters["kind"];
  readonly path: string;
  readonly trainedFrom: { readonly hash: string; readonly vocabularyPath: string };
}): Promise<void> {
  const { trainer, kind, path, trainedFrom } = options;
  // What a person's own texts taught is that person's alone.
  await makeFolder(dirname(path), 0o700);
  if (kind === "lora") {
    const adapter = await trainer.publish();
    await trainer.saveAdapter({ adapter, path, metadata: { model: trainedFrom.hash } });
    return chmod(path, 0o600);
  }
  await trainer.saveCheckpoint({ path, precision: "bf16" });
  await chmod(path, 0o600);
  await copyFile(trainedFrom.vocabularyPath, join(dirname(path), VOCABULARY_FILE));
}

/** What a run leaves behind is of no use once its result is saved. */
export async function forgetRun(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

/** Whether a stopped run waits in `folder`. */
export function hasStoppedRun(folder: string): boolean {
  return existsSync(join(folder, IDENTITY_FILE));
}

async function claimFolder(
  options: TrainFileOptions & { readonly tokens: Uint32Array; readonly steps: number },
): Promise<void> {
  const { model, tokens, parameters, steps, folder, resume } = options;
  // How often a run is saved changes nothing of its result.
  const rates = { ...options.rates, saveEveryMinutes: 0 };
  const identity = createHash("sha256")
    .update(tokens)
    .update(JSON.stringify({ model: model.info.hash, parameters, rates, steps }))
    .digest("hex");
  const path = join(folder, IDENTITY_FILE);
  if (resume === "resume" && existsSync(path) && (await readRegularText(path)) !== identity) {
    throw new AppError(
      "input-invalid",
      "the stopped run was of another file, model or options; repeat its command, or leave out --resume to start anew",
    );
  }
  await makeFolder(folder, 0o700);
  await writeFileAtomic(path, identity);
}

interface TokenStream {
  readonly stepsPerEpoch: number;
  readonly batch: (step: number) => readonly Uint32Array[];
}

/** Windows in a new order every epoch; texts shorter than a window are one window. */
function openTokenStream(options: {
  readonly tokens: Uint32Array;
  readonly rates: FileTrainingRates;
}): TokenStream {
  const { tokens, rates } = options;
  const length = Math.min(rates.sequenceTokens, tokens.length - 1);
  const windows = Math.max(1, Math.floor((tokens.length - 1) / length));
  const perStep = rates.sequencesPerStep;
  let order: { readonly epoch: number; readonly indices: Uint32Array } = {
    epoch: -1,
    indices: new Uint32Array(),
  };
  const windowAt = (sequence: number) => {
    const epoch = Math.floor(sequence / windows);
    if (order.epoch !== epoch)
      order = { epoch, indices: permutation(windows, seededRandom(rates.seed, epoch)) };
    const index = order.indices[sequence % windows] ?? 0;
    // Windows lie against the end of the text, so that its last words are read too.
    const start = tokens.length - 1 - (index + 1) * length;
    return tokens.slice(Math.max(0, start), Math.max(0, start) + length + 1);
  };
  return {
    stepsPerEpoch: windows / perStep,
    batch: (step) => Array.from({ length: perStep }, (_, row) => windowAt(step * perStep + row)),
  };
}
