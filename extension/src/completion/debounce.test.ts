import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { answered, delayMs, FIRST_PACE, keyTyped, type Pace } from "./debounce.js";

function typed(pace: Pace, gaps: readonly number[]): Pace {
  let now = 0;
  return gaps.reduce(
    (current, gap) => {
      now += gap;
      return keyTyped(current, now);
    },
    keyTyped(pace, now),
  );
}

const twenty = (gap: number) => Array.from({ length: 20 }, () => gap);

describe("the wait before a request", () => {
  test("is longer for slow hands than for quick ones", () => {
    expect(delayMs(typed(FIRST_PACE, twenty(300)), 0)).toBeGreaterThan(
      delayMs(typed(FIRST_PACE, twenty(90)), 0),
    );
  });

  test("is shorter when answers take long, since they are waited for anyway", () => {
    const slow = twenty(0).reduce((pace) => answered(pace, 150), FIRST_PACE);
    expect(delayMs(slow, 0)).toBeLessThan(delayMs(FIRST_PACE, 0));
  });

  test("does not learn from a pause to think", () => {
    expect(typed(FIRST_PACE, [5_000, 60_000]).gapMs).toBe(FIRST_PACE.gapMs);
  });

  test("counts what has passed already", () => {
    expect(delayMs(FIRST_PACE, 50)).toBe(delayMs(FIRST_PACE, 0) - 50);
  });

  test("stays within its bounds whatever happens, a clock that jumps included", () => {
    const times = fc.array(fc.integer({ min: -10_000, max: 10_000 }), { maxLength: 50 });
    fc.assert(
      fc.property(times, times, fc.integer({ min: -1000, max: 1000 }), (gaps, answers, since) => {
        const delay = delayMs(answers.reduce(answered, typed(FIRST_PACE, gaps)), since);
        expect(delay).toBeGreaterThanOrEqual(15);
        expect(delay).toBeLessThanOrEqual(250);
      }),
    );
  });
});
