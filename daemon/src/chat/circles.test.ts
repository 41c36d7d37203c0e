import fc from "fast-check";
import { expect, test } from "vitest";
import { isRunningInCircles } from "./circles.js";

test.each([
  ["one character", "^".repeat(96), true],
  ["one character, not long enough to be sure", "^".repeat(95), false],
  ["a line over and over", "  return this.value;\n".repeat(5), true],
  ["the same with a beginning of its own", `const a = 1;\n${"  return this.value;\n".repeat(6)}`, true],
  [
    "lines that differ in a number",
    [1, 2, 3, 4, 5, 6].map((n) => `  return values[${n}];\n`).join(""),
    false,
  ],
  ["ordinary code", "export function add(a: number, b: number) {\n  return a + b;\n}\n".repeat(1), false],
])("%s", (_name, text, expected) => expect(isRunningInCircles(text)).toBe(expected));

test("finds every repetition of a passage of up to 120 characters, wherever it is cut", () => {
  const passage = fc.string({ minLength: 1, maxLength: 120 });
  fc.assert(
    fc.property(passage, fc.nat(119), (repeated, cut) => {
      const text = repeated.repeat(6 + Math.ceil(96 / repeated.length));
      expect(isRunningInCircles(text.slice(0, text.length - Math.min(cut, repeated.length - 1)))).toBe(true);
    }),
  );
});
