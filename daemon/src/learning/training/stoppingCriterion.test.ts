import { expect, it } from "vitest";
import type { Score } from "../../engine/engine.js";
import type { Example } from "./example.js";
import { isLearned, spanScore } from "./stoppingCriterion.js";

/** Two tokens of the prompt, two of the unchanged beginning, two tested, one after. */
const EXAMPLE: Example = {
  tokens: new Uint32Array(8),
  weights: new Float32Array(7),
  klWeights: new Float32Array(7),
  start: 2,
  testedFrom: 4,
  testedTo: 6,
};

function scoreOf(margins: readonly number[]): Score {
  return {
    logProbabilities: Float32Array.from(margins, (_margin, position) => -position),
    best: new Uint32Array(margins.length),
    margins: Float32Array.from(margins),
  };
}

it.each([
  ["learned when beginning and span hold", [-9, -9, 1, 1, 3, 5, -9], true, 3, undefined],
  ["not learned by less than the margin", [0, 0, 1, 1, 2.9, 5, 0], false, 2.9, undefined],
  ["not learned while a token loses", [0, 0, 1, 1, 9, -1, 0], false, -1, undefined],
  ["not learned when the beginning is lost", [0, 0, 1, -0.1, 9, 9, 0], false, 9, 1],
  ["not learned when the beginning is won by a hair", [0, 0, 0.01, 1, 9, 9, 0], false, 9, 0],
])("%s", (_name, margins, learned, margin, beginningLostAt) => {
  const score = spanScore(scoreOf(margins), EXAMPLE);
  expect(isLearned(score, { aim: "recall", marginNats: 3 })).toBe(learned);
  expect(score.margin).toBeCloseTo(margin, 5);
  expect(score.beginningLostAt).toBe(beginningLostAt);
  expect(score.loss).toBe(4.5);
});

it("is never learned by what is no number", () => {
  expect(
    isLearned(spanScore(scoreOf([0, 0, 1, 1, Number.NaN, 5, 0]), EXAMPLE), { aim: "recall", marginNats: 0 }),
  ).toBe(false);
});
