import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Edit, type Followed, follow, rest, type Suggestion } from "./suggestion.js";

const base = { completionId: "c", uri: "file:///a.ts", offset: 10, consumed: 0, isPartlyTaken: false };

function check(options: { text: string; replaces?: number; edits: readonly Edit[]; expected: object }) {
  let followed: Followed = {
    kind: "goes-on",
    suggestion: { ...base, text: options.text, replaces: options.replaces ?? 0 },
  };
  for (const edit of options.edits) {
    if (followed.kind !== "goes-on") break;
    followed = follow(followed.suggestion, edit);
  }
  expect(followed).toMatchObject(options.expected);
}

const insert = (offset: number, text: string): Edit => ({ offset, removed: 0, text });

describe("a suggestion followed through edits", () => {
  test.each([
    ["goes on while its own text is typed", [insert(10, "f"), insert(11, "o")], { kind: "goes-on" }],
    ["goes on when something is written far behind it", [insert(40, "x")], { kind: "goes-on" }],
    ["was taken when all of it comes at once", [insert(10, "foo bar")], { kind: "taken" }],
    [
      "was taken when all that was left comes at once",
      [insert(10, "f"), insert(11, "oo bar")],
      { kind: "taken" },
    ],
    [
      "was partly taken when a word comes at once",
      [insert(10, "foo ")],
      { suggestion: { isPartlyTaken: true } },
    ],
    [
      "tells how much was taken before something else was written",
      [insert(10, "foo "), insert(14, "x")],
      { kind: "disagreed", partlyTaken: 4 },
    ],
    [
      "was disagreed with when something else is typed",
      [insert(10, "x")],
      { kind: "disagreed", partlyTaken: 0 },
    ],
    [
      "ends without a word when it was typed by hand",
      "foo bar".split("").map((c, i) => insert(10 + i, c)),
      { kind: "ended", partlyTaken: 0 },
    ],
    [
      "ends without a word when something before it changes",
      [insert(3, "x")],
      { kind: "ended", partlyTaken: 0 },
    ],
    ["ends without a word on backspace", [{ offset: 9, removed: 1, text: "" }], { kind: "ended" }],
  ])("%s", (_name, edits, expected) => check({ text: "foo bar", edits, expected }));

  test("was taken when it also replaces the bracket that the editor closed", () => {
    check({
      text: "a, b)",
      replaces: 1,
      edits: [{ offset: 10, removed: 1, text: "a, b)" }],
      expected: { kind: "taken" },
    });
  });

  test("what stands and what is left are always the whole", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 2 }), fc.nat(), (text, at) => {
        const cut = 1 + (at % (text.length - 1));
        const suggestion: Suggestion = { ...base, text, replaces: 0 };
        const followed = follow(suggestion, insert(10, text.slice(0, cut)));
        expect(followed.kind === "goes-on" && text.slice(0, cut) + rest(followed.suggestion)).toBe(text);
      }),
    );
  });
});
