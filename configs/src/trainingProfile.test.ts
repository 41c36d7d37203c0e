import { readdirSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { learningRateAt, MODEL_SHAPES, TRAINING_PROFILES } from "./trainingProfile.js";

const namesIn = (folder: string) =>
  readdirSync(fileURLToPath(new URL(`../${folder}/`, import.meta.url))).map((file) =>
    basename(file, ".json"),
  );

describe("training profiles", () => {
  test("every file is listed and valid", () => {
    expect(Object.keys(TRAINING_PROFILES).sort()).toEqual(namesIn("training").sort());
    expect(Object.keys(MODEL_SHAPES).sort()).toEqual(namesIn("models").sort());
  });

  test("every profile names a model shape that exists", () => {
    for (const profile of Object.values(TRAINING_PROFILES))
      expect(MODEL_SHAPES).toHaveProperty(profile.model);
  });
});

describe("learning rate", () => {
  const schedule = { peak: 1, warmupSteps: 10, constantShare: 0.5, endShare: 0.1 };
  test.each([
    [0, 0.1],
    [9, 1],
    [10, 1],
    [49, 1],
    [50, 1 - 0.9 / 50],
    [74, 0.55],
    [99, 0.1],
    [150, 0.1],
  ])("step %i of 100", (step, expected) => {
    expect(learningRateAt({ schedule, step, steps: 100 })).toBeCloseTo(expected, 12);
  });
});
