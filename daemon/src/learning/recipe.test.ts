import { expect, it } from "vitest";
import { chooseRecipe, LEARNING_DEFAULTS as DEFAULTS } from "./recipe.js";

const SMALL = { parameters: 7_000_000 };
const LARGE = { parameters: 190_000_000 };

it("trains a private copy of all weights of a small model, slowly", () => {
  expect(
    chooseRecipe({ info: SMALL, settings: DEFAULTS, correction: { source: "teach", aim: "recall" } }),
  ).toMatchObject({
    parameters: { kind: "whole" },
    learningRate: 5e-4,
    stepsMax: 24,
    marginNats: 3,
    optimizer: { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, clip: 1, weightDecay: 0 },
  });
});

it("trains low-rank matrices of a large model, faster", () => {
  expect(
    chooseRecipe({ info: LARGE, settings: DEFAULTS, correction: { source: "edit", aim: "recall" } }),
  ).toMatchObject({
    parameters: {
      kind: "lora",
      rank: 8,
      alpha: 16,
      targets: ["ffn.key", "ffn.value", "att.value", "att.output"],
    },
    learningRate: 5e-3,
    stepsMax: 12,
    marginNats: 1,
  });
});

it("does as it is told", () => {
  const settings = { ...DEFAULTS, parameters: "lora" as const };
  expect(
    chooseRecipe({ info: SMALL, settings, correction: { source: "teach", aim: "recall" } }).parameters.kind,
  ).toBe("lora");
  expect(
    chooseRecipe({
      info: LARGE,
      settings: { ...DEFAULTS, parameters: "whole" },
      correction: { source: "teach", aim: "recall" },
    }).parameters.kind,
  ).toBe("whole");
});

it("goes on with the parameters of the adapter it goes on from, at their rate", () => {
  const recipe = chooseRecipe({
    info: LARGE,
    settings: DEFAULTS,
    correction: { source: "teach", aim: "recall" },
    inherited: { kind: "whole" },
  });
  expect(recipe).toMatchObject({ parameters: { kind: "whole" }, learningRate: 5e-4 });
});
