import fc from "fast-check";
import { expect, test } from "vitest";
import { ENDS_MAX, ENDS_WINDOW_MS, nextRestart, RESTART_DELAYS_MS } from "./backOff.js";

const seconds = (...times: readonly number[]) => times.map((time) => time * 1000);

test.each([
  ["the first end", seconds(100), 0],
  ["a second one soon after", seconds(100, 105), 1000],
  ["a third one soon after", seconds(100, 105, 110), 3000],
  ["a fourth one when the first is long past", seconds(0, 100, 200, 300), 10_000],
  ["a fifth one of a slow series", seconds(0, 100, 200, 300, 400), 30_000],
  ["a sixth one of a slow series", seconds(0, 100, 200, 300, 400, 500), 30_000],
  ["one after a long healthy run", seconds(0, 100, 200, 900), 0],
  ["none at all", [], 0],
])("restarts after %s", (_name, endedAtMs, delayMs) => {
  expect(nextRestart(endedAtMs)).toEqual({ kind: "restart", delayMs });
});

test("gives up at the fourth end within three minutes, with a sentence", () => {
  expect(nextRestart(seconds(0, 10, 20, 30))).toEqual({
    kind: "give-up",
    message: expect.stringMatching(/^the daemon ended 4 times within 3 minutes .*log/),
  });
});

test("gives up exactly when the window holds too many ends, else waits one of the delays", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1_000_000), { minLength: 1, maxLength: 12 }), (times) => {
      const endedAtMs = times.toSorted((a, b) => a - b);
      const last = endedAtMs.at(-1) ?? 0;
      const lately = endedAtMs.filter((at) => at > last - ENDS_WINDOW_MS).length;
      const next = nextRestart(endedAtMs);
      expect(next.kind).toBe(lately >= ENDS_MAX ? "give-up" : "restart");
      if (next.kind === "restart") expect(RESTART_DELAYS_MS).toContain(next.delayMs);
    }),
  );
});
