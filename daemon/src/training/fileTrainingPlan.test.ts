import { join } from "node:path";
import { DEFAULT_SETTINGS } from "@ouroboros/configs";
import { describe, expect, test } from "vitest";
import { locateDataHome } from "../base/dataHome.js";
import { WHOLE_PARAMETERS_MAX } from "../engine/trainedParameters.js";
import { chooseRecipe, LEARNING_DEFAULTS } from "../learning/recipe.js";
import { type FileTrainingRequest, planFileTraining } from "./fileTrainingPlan.js";

const home = locateDataHome({ OURO_HOME: "/home" });
const SMALL = { parameters: WHOLE_PARAMETERS_MAX, hash: "0123456789abcdef" };
const LARGE = { parameters: WHOLE_PARAMETERS_MAX + 1, hash: "0123456789abcdef" };

const plan = (info: typeof SMALL, request: Omit<FileTrainingRequest, "path"> = {}) =>
  planFileTraining({
    request: { path: "/texts/notes.txt", ...request },
    info,
    settings: DEFAULT_SETTINGS,
    home,
  });

describe("a run on a file", () => {
  test("trains all of a small model, at the rates of one that is read many times", () => {
    expect(plan(SMALL)).toEqual({
      parameters: { kind: "whole" },
      epochs: 3,
      rates: {
        sequenceTokens: 256,
        sequencesPerStep: 8,
        learningRate: { peak: 1e-4, warmupSteps: 5, decayShare: 0.5, endShare: 0.1 },
        optimizer: { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0, clip: 1, groups: "uniform" },
        l2wrap: false,
        seed: 1,
        saveEveryMinutes: 1,
      },
      runFolder: join(home.root, "runs", "notes-01234567"),
      output: join(home.models, "notes-01234567", "model.safetensors"),
    });
  });

  test.each([SMALL, LARGE])("trains what a correction would train of the same model", (info) => {
    const correction = { source: "teach", aim: "recall" } as const;
    const recipe = chooseRecipe({ info, settings: LEARNING_DEFAULTS, correction });
    expect(plan(info).parameters).toEqual(recipe.parameters);
  });

  test("of a large model makes an adapter, at ten times the rate", () => {
    const { rates, output } = plan(LARGE);
    expect(rates.learningRate.peak).toBe(1e-3);
    expect(output).toBe(join(home.models, "notes-01234567", "adapter.safetensors"));
  });

  test("follows whoever asks for something else, and the settings' rank", () => {
    const asked = plan(SMALL, {
      parameters: "lora",
      rank: 4,
      learningRate: 0.5,
      seed: 9,
      saveEverySeconds: 30,
    });
    expect(asked.parameters).toMatchObject({ kind: "lora", rank: 4, alpha: 8 });
    expect(asked.rates).toMatchObject({ learningRate: { peak: 0.5 }, seed: 9, saveEveryMinutes: 0.5 });
    expect(plan(SMALL, { parameters: "lora" }).parameters).toMatchObject({
      rank: DEFAULT_SETTINGS["ouroboros.learning.loraRank"],
    });
  });
});
