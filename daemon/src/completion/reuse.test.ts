import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { reuse } from "./reuse.js";

/** ║ cursor; what was proposed at `before`, and what is left of it at `now`. */
function check(options: {
  readonly before: string;
  readonly text: string;
  readonly replaces?: number;
  readonly now: string;
  readonly versions?: readonly [number, number];
  readonly lessons?: readonly [number, number];
  readonly models?: readonly [string, string];
}) {
  const { text, replaces = 0, versions = [1, 1], lessons = [0, 0], models = ["a", "a"] } = options;
  const [prefix = "", suffix = ""] = options.before.split("║");
  const [prefixNow = "", suffixNow = ""] = options.now.split("║");
  return reuse(
    { prefix, suffix, text, replaces, adapterVersion: versions[0], lessons: lessons[0], model: models[0] },
    {
      prefix: prefixNow,
      suffix: suffixNow,
      adapterVersion: versions[1],
      lessons: lessons[1],
      model: models[1],
    },
  );
}

describe("typing what was proposed", () => {
  test.each([
    ["leaves the rest", "a ║\nz", "= b;", 0, "a = ║\nz", { text: "b;", replaces: 0 }],
    ["leaves all where nothing was typed", "f(║)", "a)", 1, "f(║)", { text: "a)", replaces: 1 }],
    ["something else leaves nothing", "a ║", "= b;", 0, "a + ║", undefined],
    ["all of it leaves nothing", "a ║", "= b;", 0, "a = b;║", undefined],
    ["elsewhere leaves nothing", "a ║", "= b;", 0, "c = ║", undefined],
    ["after a deletion leaves nothing", "ab ║", "= b;", 0, "ab║", undefined],
    ["with a change below leaves nothing", "a ║\nz", "= b;", 0, "a = ║\ny", undefined],
    ["still runs over the bracket", "f(║)", "a, b);", 1, "f(a║)", { text: ", b);", replaces: 1 }],
    ["over the bracket by hand leaves the rest", "f(║)\nz", "a);", 1, "f(a)║\nz", { text: ";", replaces: 0 }],
    [
      "an opening bracket, closed by the editor, runs over it",
      "║\nz",
      "f(a);",
      0,
      "f(║)\nz",
      { text: "a);", replaces: 1 },
    ],
    ["unless the rest does not close it", "║\nz", "f(a, ", 0, "f(║)\nz", undefined],
  ] as const)("%s", (_name, before, text, replaces, now, expected) => {
    expect(check({ before, text, replaces, now })).toEqual(expected);
  });

  test("leaves nothing when something was learned meanwhile", () => {
    expect(check({ before: "a ║", text: "= b;", now: "a =║", versions: [1, 2] })).toBeUndefined();
    expect(check({ before: "a ║", text: "= b;", now: "a =║", lessons: [1, 2] })).toBeUndefined();
  });

  test("leaves nothing when another model answers by now", () => {
    expect(check({ before: "a ║", text: "= b;", now: "a =║", models: ["a", "b"] })).toBeUndefined();
  });

  test("typed to the end, is what was proposed, however far one had come", () => {
    const words = fc.string({ unit: fc.constantFrom("a", "b", " ", "=", "é"), minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(words, words, fc.nat(19), (before, text, typed) => {
        const now = before + text.slice(0, typed);
        const left = check({ before: `${before}║`, text, now: `${now}║` });
        if (typed >= text.length) expect(left).toBeUndefined();
        else expect(now + left?.text).toBe(before + text);
      }),
    );
  });
});
