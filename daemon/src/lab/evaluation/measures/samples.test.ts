/** Brackets, repetition and percentiles, by hand. */

import { expect, test } from "vitest";
import { bracketFaults } from "../balance.js";
import { runBatched } from "../batch.js";
import { percentiles } from "./latency.js";
import { repeatedLines, repeatedNgrams } from "./repetition.js";
import { sampleFigures } from "./samples.js";

test.each([
  ["nothing", "", 0],
  ["pairs", "f(a[0], { b: 1 });", 0],
  ["what stays open", "f({ a: [", 0],
  ["one that nothing opens", "a)", 1],
  ["crossed ones", "f(a[)]", 2],
  ["one passed over", "{ f(; }", 1],
  ["brackets in strings", `f(")", '}', 'it\\'s )')`, 0],
  ["brackets in comments", "f( // )\n/* } ) */ )", 0],
  ["an apostrophe in a comment", "// it's\nf()", 0],
  ["a string that ends with its line", "f('abc\n)", 0],
  ["templates", `f(\`a ) \${b({ c: \`}\` })} )\`)`, 0],
  ["a fault within a substitution", `f(\`\${a)}\`)`, 1],
  ["a regular expression", "a.replace(/[)(]\\//g, b)", 0],
  ["a division", "(a / b) / (c)", 0],
  ["a regular expression after return", "return /\\)/.test(a)", 0],
])("%s: %j", (_name, text, faults) => expect(bracketFaults(text, 0)).toBe(faults));

test("only brackets from the given place on count, with those opened before it", () => {
  const before = "function f() {\n  return (a";
  expect(bracketFaults(`${before});\n}`, before.length)).toBe(0);
  expect(bracketFaults(`${before}};\n)`, before.length)).toBe(2);
  expect(bracketFaults(`) ]${before});\n}`, 3 + before.length)).toBe(0);
});

test.each([
  ["a b c d e", 0],
  ["a b c d a b c d", 1 - 4 / 5],
  ["x x x x x x", 1 - 1 / 3],
  ["a b c", 0],
  ["f(a);f(a);", 1 - 5 / 7],
])("4-grams repeated in %j", (text, share) => expect(repeatedNgrams(text, 4)).toBeCloseTo(share, 10));

test.each([
  ["one();\ntwo();\n  one();\n}\n}", 1 / 3],
  ["}\n}\n}", 0],
  ["ab\nab\nab\nab", 0.75],
])("lines repeated in %j", (text, share) => expect(repeatedLines(text)).toBeCloseTo(share, 10));

test("figures of samples", () => {
  const samples = [
    { prefix: "f(", text: "a)\nab\nab" },
    { prefix: "f(", text: "a))" },
  ];
  expect(sampleFigures(samples)).toEqual({
    samples: 2,
    balanced: 0.5,
    repeatedNgrams: 0,
    repeatedLines: 0.25,
  });
});

test("percentiles by nearest rank", () => {
  expect(percentiles([5, 1, 3])).toEqual({ p50: 3, p95: 5 });
  expect(percentiles(Array.from({ length: 100 }, (_, index) => 100 - index))).toEqual({ p50: 50, p95: 95 });
  expect(percentiles([7])).toEqual({ p50: 7, p95: 7 });
});

test("side by side: every item once, in order, sixteen at a time", async () => {
  let [under, most] = [0, 0];
  const results = await runBatched({
    items: Array.from({ length: 40 }, (_, index) => index),
    async work(item) {
      most = Math.max(most, ++under);
      await new Promise((resolve) => setImmediate(resolve));
      under--;
      return { kind: "finished", square: item * item } as const;
    },
    onDone: () => {},
  });
  expect(most).toBe(16);
  expect(results).toEqual(
    Array.from({ length: 40 }, (_, item) => ({ kind: "finished", square: item * item })),
  );
});

test("side by side: one that is cancelled ends all", async () => {
  const worked: number[] = [];
  const results = await runBatched<number, { readonly kind: "finished" }>({
    items: Array.from({ length: 100 }, (_, index) => index),
    async work(item) {
      worked.push(item);
      return { kind: "cancelled" };
    },
    onDone: () => {},
  });
  expect(results).toEqual({ kind: "cancelled" });
  expect(worked.length).toBeLessThanOrEqual(16);
});
