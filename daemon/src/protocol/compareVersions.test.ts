import fc from "fast-check";
import { expect, test } from "vitest";
import { compareVersions } from "./compareVersions.js";

test.each([
  ["0.1.0", "0.1.0", 0],
  ["0.10.0", "0.9.9", 1],
  ["1.0.0", "0.99.99", 1],
  ["0.1.1", "0.1.2", -1],
  ["1.2.3-beta.4", "1.2.3", 0],
  ["1.2.3+build.9", "1.2.4", -1],
  ["2", "1.9.9", 1],
  ["nonsense", "0.0.1", -1],
  ["", "0.0.0", 0],
])("%j against %j", (a, b, expected) => {
  expect(Math.sign(compareVersions(a, b))).toBe(expected);
});

test("orders as the triple of numbers does, and both ways alike", () => {
  const triple = fc.tuple(fc.nat(50), fc.nat(50), fc.nat(50));
  fc.assert(
    fc.property(triple, triple, (a, b) => {
      const weight = ([x, y, z]: [number, number, number]) => (x * 100 + y) * 100 + z;
      const sign = Math.sign(compareVersions(a.join("."), b.join(".")));
      expect(sign).toBe(Math.sign(weight(a) - weight(b)));
      expect(Math.sign(compareVersions(b.join("."), a.join(".")))).toBe(sign === 0 ? 0 : -sign);
    }),
  );
});
