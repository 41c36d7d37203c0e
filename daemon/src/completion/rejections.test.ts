import { expect, test } from "vitest";
import { REJECTED_FOR_MS, REJECTIONS_MAX, Rejections } from "./rejections.js";

const rejected = { document: "a.ts", prefix: "x\n  log", text: "(1);", adapterVersion: 3, lessons: 2 };

function opened() {
  const clock = { nowMs: 1000 };
  return { clock, rejections: new Rejections({ nowMs: () => clock.nowMs }) };
}

test.each([
  ["the same at the same place", {}, true],
  ["the same where only lines above have changed", { prefix: "y\nz\n  log" }, true],
  ["another text there", { text: "(2);" }, false],
  ["the same on another line", { prefix: "x\n  debug" }, false],
  ["the same in another document", { document: "b.ts" }, false],
  ["the same after something was learned", { adapterVersion: 4 }, false],
  ["the same after a lesson for which nothing had to change", { lessons: 3 }, false],
])("%s", (_name, changes, expected) => {
  const { rejections } = opened();
  rejections.reject(rejected);
  expect(rejections.isRejected({ ...rejected, ...changes })).toBe(expected);
});

test("is forgotten after a while, and counts anew from the last time", () => {
  const { clock, rejections } = opened();
  rejections.reject(rejected);
  clock.nowMs += REJECTED_FOR_MS - 1;
  expect(rejections.isRejected(rejected)).toBe(true);
  rejections.reject(rejected);
  clock.nowMs += REJECTED_FOR_MS - 1;
  expect(rejections.isRejected(rejected)).toBe(true);
  clock.nowMs += 1;
  expect(rejections.isRejected(rejected)).toBe(false);
});

test("the oldest goes where there are too many", () => {
  const { rejections } = opened();
  rejections.reject(rejected);
  for (let at = 1; at < REJECTIONS_MAX; at++) rejections.reject({ ...rejected, document: String(at) });
  expect(rejections.isRejected(rejected)).toBe(true);
  rejections.reject({ ...rejected, document: "one more" });
  expect(rejections.isRejected(rejected)).toBe(false);
});
