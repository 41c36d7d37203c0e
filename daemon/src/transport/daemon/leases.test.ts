import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Leases } from "./leases.js";

let happened: string[];
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  happened = [];
});
afterEach(() => vi.useRealTimers());

const start = () =>
  new Leases({
    limits: { unloadAfterMs: 1000, exitAfterMs: 3000 },
    nowMs: () => performance.now(),
    onUnload: () => happened.push("unload"),
    onExit: () => happened.push("exit"),
  });

it("frees the model and ends when nobody ever comes", () => {
  start();
  vi.advanceTimersByTime(999);
  expect(happened).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(happened).toEqual(["unload"]);
  vi.advanceTimersByTime(1999);
  expect(happened).toEqual(["unload"]);
  vi.advanceTimersByTime(1);
  expect(happened).toEqual(["unload", "exit"]);
});

it("does neither while somebody is there, and counts from when the last one left", () => {
  const leases = start();
  const first = leases.take();
  const second = leases.take();
  vi.advanceTimersByTime(10_000);
  first.release();
  first.release();
  vi.advanceTimersByTime(10_000);
  expect(happened).toEqual([]);
  second.release();
  vi.advanceTimersByTime(999);
  expect(happened).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(happened).toEqual(["unload"]);
});

it("frees the model again after it was used again", () => {
  const leases = start();
  vi.advanceTimersByTime(1500);
  leases.take().release();
  vi.advanceTimersByTime(1000);
  expect(happened).toEqual(["unload", "unload"]);
});

it("does nothing once closed, whoever leaves then", () => {
  const leases = start();
  const lease = leases.take();
  leases.close();
  lease.release();
  vi.advanceTimersByTime(10_000);
  expect(happened).toEqual([]);
});
