import { readdirSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { learningRateAt, PRETRAINING_CONFIGS, pretrainingSchema, stepsOf } from "./pretraining.js";

const embedded = PRETRAINING_CONFIGS.embedded;

describe("pretraining configurations", () => {
  test("every file is listed and valid", () => {
    const files = readdirSync(fileURLToPath(new URL("../training/", import.meta.url)));
    expect(Object.keys(PRETRAINING_CONFIGS).sort()).toEqual(
      files.map((file) => basename(file, ".json")).sort(),
    );
  });

  test("an unknown key, shares above one and contexts that do not fit are refused", () => {
    const issues = (changed: object) =>
      pretrainingSchema.safeParse({ ...embedded, ...changed }).error?.issues;
    expect(issues({})).toBeUndefined();
    expect(issues({ learningrate: 1 })?.[0]?.message).toContain("learningrate");
    expect(issues({ mix: { ...embedded?.mix, fill: 0.9, renamed: 0.9 } })?.[0]?.message).toContain("sum");
    expect(
      issues({ stages: [{ contextTokens: 300, steps: 1 }], tokensPerStep: 2048 })?.[0]?.message,
    ).toContain("300");
  });

  test("a run is as long as its stages together", () => {
    expect(
      stepsOf({
        stages: [
          { contextTokens: 256, steps: 3 },
          { contextTokens: 512, steps: 4 },
        ],
      }),
    ).toBe(7);
  });
});

describe("learning rate", () => {
  const schedule = { peak: 1, warmupSteps: 10, decaySteps: 50, endShare: 0.1 };
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

  test("without a decay it stays at the peak to the end", () => {
    expect(learningRateAt({ schedule: { ...schedule, decaySteps: 0 }, step: 99, steps: 100 })).toBe(1);
  });
});
