import { describe, expect, test } from "vitest";
import { AcceptedTexts } from "./acceptedTexts.js";

const URI = "file:///a.ts";
const OTHER = "file:///b.ts";

function accept(text: string, proposed: string, offset: number) {
  const texts = new AcceptedTexts();
  texts.accept({ completionId: "c1", proposed, uri: URI, offset, text });
  return texts;
}

describe("accepted texts", () => {
  test.each([
    ["where it was proposed", "let a = b();", "b()", 8, [8, 11]],
    ["nearby, where the editor has moved it", "  let a = b();", "b()", 8, [10, 13]],
    ["at the nearest of several places", "b() b() b()", "b()", 5, [4, 7]],
    ["by its length, where the editor has changed it", "let a = c[];", "b()", 8, [8, 11]],
    ["at most to the end", "let", "b()", 8, [3, 3]],
  ])("are found %s", (_name, text, proposed, offset, [start, end]) => {
    expect(accept(text, proposed, offset).get("c1")?.range).toEqual({ start, end });
  });

  test("follow edits of their own document only", () => {
    const texts = accept("let a = b();", "b()", 8);
    texts.edited(OTHER, [{ offset: 0, removed: 0, inserted: "12345" }]);
    texts.edited(URI, [
      { offset: 0, removed: 0, inserted: "123" },
      { offset: 12, removed: 0, inserted: "12" },
    ]);
    expect(texts.get("c1")?.range).toEqual({ start: 11, end: 16 });
    expect(texts.at(URI, 16)?.completionId).toBe("c1");
    expect(texts.at(URI, 17)).toBeUndefined();
    expect(texts.at(OTHER, 12)).toBeUndefined();
  });

  /** Edits of `f(b())` after `b()` was accepted in it; what counts as the accepted text afterwards. */
  test.each([
    [
      "typing on behind it is not part of it",
      [
        [5, 0, ";"],
        [6, 0, " x"],
      ],
      "b()",
    ],
    [
      "typing over all of it is",
      [
        [2, 3, "l"],
        [3, 0, "o"],
        [4, 0, "g"],
      ],
      "log",
    ],
    [
      "deleting back and typing anew is",
      [
        [4, 1, ""],
        [3, 1, ""],
        [3, 0, "["],
        [4, 0, "]"],
      ],
      "b[]",
    ],
    [
      "a change inside and then typing at the end is not",
      [
        [3, 0, "x"],
        [6, 0, ";"],
      ],
      "bx()",
    ],
    [
      "a new line ends the rewriting",
      [
        [2, 3, "l"],
        [3, 0, "\n"],
        [4, 0, "m"],
      ],
      "l",
    ],
    [
      "an edit elsewhere ends the rewriting",
      [
        [2, 3, "l"],
        [0, 0, "z"],
        [4, 0, "m"],
      ],
      "l",
    ],
  ] as const)("%s", (_name, edits, expected) => {
    let text = "f(b())";
    const texts = accept(text, "b()", 2);
    for (const [offset, removed, inserted] of edits) {
      texts.edited(URI, [{ offset, removed, inserted }]);
      text = text.slice(0, offset) + inserted + text.slice(offset + removed);
    }
    const range = texts.get("c1")?.range;
    expect(text.slice(range?.start, range?.end)).toBe(expected);
  });

  test("are forgotten with their document, and the oldest when there are too many", () => {
    const texts = accept("b()", "b()", 0);
    for (let count = 0; count < 256; count++) {
      texts.accept({ completionId: `n${count}`, proposed: "b()", uri: OTHER, offset: 0, text: "b()" });
    }
    expect(texts.get("c1")).toBeUndefined();
    expect(texts.get("n255")).toBeDefined();
    texts.forget(OTHER);
    expect(texts.get("n255")).toBeUndefined();
  });
});
