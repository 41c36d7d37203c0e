/**
 * What a run on somebody's texts is, however it was asked for: what is trained, at which rates, and where its state and
 * its result lie. Whoever asks says only what a person would; the numbers stand here.
 */

import { basename, extname, join } from "node:path";
import type { Settings } from "@ouroboros/configs";
import type { DataHome } from "../base/dataHome.js";
import type { ModelInfo } from "../engine/engine.js";
import {
  type AdaptedParameters,
  chooseParameters,
  WHOLE_PARAMETERS_MAX,
} from "../engine/trainedParameters.js";
import type { FileTrainingRates } from "./trainFile.js";

/** What may be asked for; the rest follows from model and settings. */
export interface FileTrainingRequest {
  /** The file of texts. */
  readonly path: string;
  readonly parameters?: "auto" | AdaptedParameters["kind"] | undefined;
  readonly rank?: number | undefined;
  /** Peak. */
  readonly learningRate?: number | undefined;
  readonly epochs?: number | undefined;
  readonly seed?: number | undefined;
  readonly saveEverySeconds?: number | undefined;
}

interface FileTrainingPlan {
  readonly parameters: AdaptedParameters;
  readonly epochs: number;
  readonly rates: FileTrainingRates;
  /** Holds the state to resume from while the run lasts. */
  readonly runFolder: string;
  /** Where the result goes unless somebody names another place. */
  readonly output: string;
}

export const FILE_TRAINING_DEFAULTS = {
  parameters: "auto",
  epochs: 3,
  seed: 1,
  saveEverySeconds: 60,
} as const;

/** A tenth of what a correction may take: a file is read many times, and much of it is not about one place. */
const LEARNING_RATES = { whole: 1e-4, lora: 1e-3 } as const;
/** Digits of the checkpoint's hash in names of folders. */
const HASH_DIGITS = 8;

export function planFileTraining(options: {
  readonly request: FileTrainingRequest;
  readonly info: Pick<ModelInfo, "parameters" | "hash">;
  readonly settings: Settings;
  readonly home: DataHome;
}): FileTrainingPlan {
  const { request, info, settings, home } = options;
  const { parameters: kind = FILE_TRAINING_DEFAULTS.parameters } = request;
  const rank = request.rank ?? settings["ouroboros.learning.loraRank"];
  const sizes = { wholeParametersMax: WHOLE_PARAMETERS_MAX, rank, alpha: 2 * rank };
  const parameters = chooseParameters({ info, kind, ...sizes });
  const name = `${basename(request.path, extname(request.path))}-${info.hash.slice(0, HASH_DIGITS)}`;
  const file = parameters.kind === "whole" ? "model.safetensors" : "adapter.safetensors";
  return {
    parameters,
    epochs: request.epochs ?? FILE_TRAINING_DEFAULTS.epochs,
    rates: ratesOf(request, parameters),
    runFolder: join(home.root, "runs", name),
    output: join(home.models, name, file),
  };
}

function ratesOf(request: FileTrainingRequest, parameters: AdaptedParameters): FileTrainingRates {
  const { seed, saveEverySeconds } = FILE_TRAINING_DEFAULTS;
  return {
    sequenceTokens: 256,
    sequencesPerStep: 8,
    learningRate: {
      peak: request.learningRate ?? LEARNING_RATES[parameters.kind],
      warmupSteps: 5,
      decayShare: 0.5,
      endShare: 0.1,
    },
    optimizer: { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0, clip: 1, groups: "uniform" },
    l2wrap: false,
    seed: request.seed ?? seed,
    saveEveryMinutes: (request.saveEverySeconds ?? saveEverySeconds) / 60,
  };
}
