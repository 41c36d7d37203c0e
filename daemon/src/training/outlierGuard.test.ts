import { describe, expect, it } from "vitest";
import { limitsOf } from "./outlierGuard.js";
import type { LoggedStep } from "./runLog.js";

const GUARD = { lossAbove: 1, gradientNormTimes: 4 };

function steps(losses: readonly number[]): LoggedStep[] {
  return losses.map((loss, step) => ({
    step,
    loss,
    gradientNorm: loss / 2,
    learningRate: 0.1,
    outcome: "applied",
    seconds: 0,
  }));
}

describe("limits of a step", () => {
  it("are none at the start, and none without a guard", () => {
    expect(limitsOf(GUARD, steps(Array(49).fill(2)))).toEqual({});
    expect(limitsOf(undefined, steps(Array(80).fill(2)))).toEqual({});
  });

  it("follow the medians of the last steps, which a single outlier does not move", () => {
    const usual = steps([...Array(60).fill(9), ...Array(49).fill(2), 50]);
    expect(limitsOf(GUARD, usual)).toEqual({ skipAbove: { loss: 3, gradientNorm: 4 } });
  });

  it("let a lasting change pass", () => {
    const changed = steps([...Array(60).fill(2), ...Array(30).fill(6)]);
    expect(limitsOf(GUARD, changed).skipAbove?.loss).toBe(7);
  });

  it("pass over steps that were no numbers", () => {
    expect(limitsOf(GUARD, steps([...Array(50).fill(2), Number.NaN]))).toEqual({});
    expect(limitsOf(GUARD, steps(Array(50).fill(2))).skipAbove?.loss).toBe(3);
  });
});
