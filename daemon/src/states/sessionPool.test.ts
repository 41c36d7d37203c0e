import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createFakeModel } from "../../test/fakeEngine.js";
import { STATES_BYTES_MAX } from "../base/memory/bounds.js";
import { poolLimits, SESSIONS_MAX, SessionPool, stateBytes } from "./sessionPool.js";

const model = createFakeModel({ vocabularySize: 300, seed: 1 });

describe("the pool of sessions", () => {
  test("gives the same session for a key until it is forgotten", () => {
    const pool = new SessionPool({ model });
    const first = pool.sessionOf("a");
    expect(pool.sessionOf("a")).toBe(first);
    expect(pool.sessionOf("b")).not.toBe(first);
    pool.forget("a");
    expect(pool.sessionOf("a")).not.toBe(first);
    pool.clear();
    expect(pool.size).toBe(0);
  });

  test("lets the one go that was asked for least recently", () => {
    const pool = new SessionPool({ model });
    const first = pool.sessionOf("0");
    const second = pool.sessionOf("1");
    for (let at = 2; at < SESSIONS_MAX; at++) pool.sessionOf(String(at));
    pool.sessionOf("0");
    pool.sessionOf("new");
    expect(pool.size).toBe(SESSIONS_MAX);
    expect(pool.sessionOf("0")).toBe(first);
    expect(pool.sessionOf("1")).not.toBe(second);
  });

  test("keeps to its bytes, but for the least that works", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 * STATES_BYTES_MAX }), (bytes) => {
        const { statesMax, sessionsMax } = poolLimits(bytes, STATES_BYTES_MAX);
        expect(sessionsMax).toBeGreaterThanOrEqual(1);
        expect(statesMax).toBeGreaterThanOrEqual(2);
        if (statesMax > 2 || sessionsMax > 1) {
          expect(bytes * statesMax * sessionsMax).toBeLessThanOrEqual(STATES_BYTES_MAX);
        }
      }),
    );
  });

  test.each([
    [
      "the embedded model",
      { layers: 6, width: 256, heads: 4, headSize: 64 },
      { statesMax: 16, sessionsMax: 32 },
    ],
    [
      "7 billion parameters",
      { layers: 32, width: 4096, heads: 64, headSize: 64 },
      { statesMax: 7, sessionsMax: 1 },
    ],
  ])("%s", (_name, shape, expected) => {
    expect(poolLimits(stateBytes({ ...model.info, ...shape }), STATES_BYTES_MAX)).toEqual(expected);
  });

  test("forgets the sessions that nobody has asked for, and those of who has gone", async () => {
    const clock = { ms: 0 };
    const pool = new SessionPool({ model, nowMs: () => clock.ms });
    const read = { tokens: Uint32Array.of(1, 2, 3), boundary: 2, marks: [] };
    const signal = new AbortController().signal;
    await pool.sessionOf("1 a").stateBefore({ ...read, signal, priority: "interactive" });
    expect(pool.bytes).toBe(stateBytes(model.info));
    clock.ms = 10;
    pool.sessionOf("2 b");
    pool.sessionOf("3 c");
    clock.ms = 15;
    pool.forgetUnused(10);
    expect([pool.size, pool.bytes]).toEqual([2, 0]);
    pool.forgetWhere((key) => key.startsWith("2 "));
    expect(pool.size).toBe(1);
  });

  test("knows the size of a State", () => {
    const info = { ...model.info, layers: 6, width: 256, heads: 4, headSize: 64 };
    expect(stateBytes(info)).toBe(405_504);
  });
});
