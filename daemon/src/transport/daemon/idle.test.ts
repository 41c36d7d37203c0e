import fc from "fast-check";
import { expect, test } from "vitest";
import { idleAction } from "./idle.js";

const limits = { unloadAfterMs: 10, exitAfterMs: 30 };
const check = (leases: number, isUnloaded: boolean, nowMs: number) =>
  idleAction({ idleness: { leases, sinceMs: 100, isUnloaded }, limits, nowMs });

test.each([
  ["used", 1, false, 100_000, { kind: "none" }],
  ["just left", 0, false, 100, { kind: "wait", ms: 10 }],
  ["left a while ago", 0, false, 104, { kind: "wait", ms: 6 }],
  ["left long enough for the model to go", 0, false, 110, { kind: "unload" }],
  ["without a model", 0, true, 110, { kind: "wait", ms: 20 }],
  ["left long enough to end", 0, true, 130, { kind: "exit" }],
  ["left for very long with a model", 0, false, 500, { kind: "exit" }],
])("%s", (_name, leases, isUnloaded, nowMs, expected) => {
  expect(check(leases, isUnloaded, nowMs)).toEqual(expected);
});

test("where the end comes first, it is waited for", () => {
  const early = { unloadAfterMs: 30, exitAfterMs: 10 };
  const idleness = { leases: 0, sinceMs: 0, isUnloaded: false };
  expect(idleAction({ idleness, limits: early, nowMs: 4 })).toEqual({ kind: "wait", ms: 6 });
  expect(idleAction({ idleness, limits: early, nowMs: 10 })).toEqual({ kind: "exit" });
});

test("who waits as long as told finds something due", () => {
  const any = fc.integer({ min: 1, max: 1000 });
  fc.assert(
    fc.property(any, any, fc.nat(2000), fc.boolean(), (unloadAfterMs, exitAfterMs, nowMs, isUnloaded) => {
      const at = (now: number) =>
        idleAction({
          idleness: { leases: 0, sinceMs: 0, isUnloaded },
          limits: { unloadAfterMs, exitAfterMs },
          nowMs: now,
        });
      const action = at(nowMs);
      if (action.kind === "wait") {
        expect(action.ms).toBeGreaterThan(0);
        expect(["unload", "exit"]).toContain(at(nowMs + action.ms).kind);
      }
    }),
  );
});
