import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Followed, follow, remainderOf, type ShownCompletion } from "./shownCompletion.js";

type Change = Parameters<typeof follow>[1];

const base = { completionId: "c", uri: "file:///a.ts", offset: 10, consumed: 0, isPartlyAccepted: false };

function check(options: { text: string; replaces?: number; edits: readonly Change[]; expected: object }) {
  let followed: Followed = {
    kind: "continues",
    completion: { ...base, text: options.text, replaces: options.replaces ?? 0 },
  };
  for (const edit of options.edits) {
    if (followed.kind !== "continues") break;
    followed = follow(followed.completion, edit);
  }
  expect(followed).toMatchObject(options.expected);
}

const insert = (offset: number, text: string): Change => ({ rangeOffset: offset, rangeLength: 0, text });

describe("a completion followed through edits", () => {
  test.each([
    ["goes on while its own text is typed", [insert(10, "f"), insert(11, "o")], { kind: "continues" }],
    ["goes on when something is written far behind it", [insert(40, "x")], { kind: "continues" }],
    ["was accepted when all of it comes at once", [insert(10, "foo bar")], { kind: "accepted" }],
    [
      "was accepted when all that was left comes at once",
      [insert(10, "f"), insert(11, "oo bar")],
      { kind: "accepted" },
    ],
    [
      "was partly accepted when a word comes at once",
      [insert(10, "foo ")],
      { completion: { isPartlyAccepted: true } },
    ],
    [
      "tells how much was accepted before something else was written",
      [insert(10, "foo "), insert(14, "x")],
      { kind: "dismissed", partlyAccepted: 4 },
    ],
    [
      "was dismissed when something else is typed",
      [insert(10, "x")],
      { kind: "dismissed", partlyAccepted: 0 },
    ],
    [
      "ends without a word when it was typed by hand",
      "foo bar".split("").map((c, i) => insert(10 + i, c)),
      { kind: "ended", partlyAccepted: 0 },
    ],
    [
      "ends without a word when something before it changes",
      [insert(3, "x")],
      { kind: "ended", partlyAccepted: 0 },
    ],
    ["ends without a word on backspace", [{ rangeOffset: 9, rangeLength: 1, text: "" }], { kind: "ended" }],
  ])("%s", (_name, edits, expected) => check({ text: "foo bar", edits, expected }));

  test("was accepted when it also replaces the bracket that the editor closed", () => {
    check({
      text: "a, b)",
      replaces: 1,
      edits: [{ rangeOffset: 10, rangeLength: 1, text: "a, b)" }],
      expected: { kind: "accepted" },
    });
  });

  test("what stands and what is left are always the whole", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 2 }), fc.nat(), (text, at) => {
        const cut = 1 + (at % (text.length - 1));
        const completion: ShownCompletion = { ...base, text, replaces: 0 };
        const followed = follow(completion, insert(10, text.slice(0, cut)));
        expect(followed.kind === "continues" && text.slice(0, cut) + remainderOf(followed.completion)).toBe(
          text,
        );
      }),
    );
  });
});
