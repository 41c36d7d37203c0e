/** How a correction is trained: from model size, settings and how the user said it. Values: the design trials. */

import { DEFAULT_SETTINGS, type Settings } from "@ouroboros/configs";
import type { ModelInfo } from "../engine/engine.js";
import { chooseParameters, WHOLE_PARAMETERS_MAX } from "../engine/trainedParameters.js";
import type { CorrectionRecord, Recipe } from "../journal/records.js";

export interface LearningSettings {
  /** `auto`: a private copy of all weights up to `wholeParametersMax`, else low-rank matrices. */
  readonly parameters: "auto" | "whole" | "lora";
  readonly wholeParametersMax: number;
  readonly wholeLearningRate: number;
  readonly loraRank: number;
  readonly loraAlpha: number;
  readonly loraLearningRate: number;
  /** By how the correction was said: in so many words, by an edit, or in a file. */
  readonly stepsMax: Readonly<Record<CorrectionRecord["source"], number>>;
  readonly marginNats: Readonly<Record<CorrectionRecord["source"], number>>;
  /** Passes over a text that is to be read. */
  readonly readStepsMax: number;
  /** Earlier corrections, and windows of general code, trained along with each step. */
  readonly replayPerStep: number;
  readonly anchorsPerStep: number;
}

/** What a user may set, and the values of the design trials for the rest. */
export function learningSettings(settings: Settings): LearningSettings {
  return {
    parameters: settings["ouroboros.learning.parameters"],
    wholeParametersMax: WHOLE_PARAMETERS_MAX,
    wholeLearningRate: 5e-4,
    loraRank: settings["ouroboros.learning.loraRank"],
    loraAlpha: 16,
    loraLearningRate: 5e-3,
    stepsMax: { teach: 24, edit: 12, org: 24 },
    marginNats: { teach: 3, edit: 1, org: 1 },
    readStepsMax: 8,
    replayPerStep: settings["ouroboros.learning.replayPerStep"],
    anchorsPerStep: settings["ouroboros.learning.anchorsPerStep"],
  };
}

export const LEARNING_DEFAULTS = learningSettings(DEFAULT_SETTINGS);

/** Weight of the span against the single token that ends it. */
const SPAN_WEIGHT = 4;
const AFTER_WEIGHT = 1;

/**
 * `inherited`: the parameters of the adapter to go on from. They are kept whatever the settings now say, since an
 * adapter has one shape for its whole lineage.
 */
export function chooseRecipe(options: {
  readonly info: Pick<ModelInfo, "parameters">;
  readonly settings: LearningSettings;
  readonly correction: Pick<CorrectionRecord, "source" | "aim">;
  readonly inherited?: Recipe["parameters"];
}): Recipe {
  const { settings, correction } = options;
  const { source, aim } = correction;
  const { info, inherited } = options;
  const { parameters: kind, wholeParametersMax, loraRank: rank, loraAlpha: alpha } = settings;
  const parameters = inherited ?? chooseParameters({ info, kind, wholeParametersMax, rank, alpha });
  return {
    parameters,
    // Moments start anew with every correction: kept ones more than doubled the drift from the base.
    optimizer: { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0, clip: 1, groups: "uniform" },
    learningRate: parameters.kind === "whole" ? settings.wholeLearningRate : settings.loraLearningRate,
    stepsMax: aim === "read" ? settings.readStepsMax : settings.stepsMax[source],
    marginNats: aim === "read" ? 0 : settings.marginNats[source],
    replayPerStep: settings.replayPerStep,
    anchorsPerStep: settings.anchorsPerStep,
    spanWeight: SPAN_WEIGHT,
    afterWeight: AFTER_WEIGHT,
  };
}
