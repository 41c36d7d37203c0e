import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TextStream } from "./textStream.js";

/** Writes `bytes` in pieces of `pieceLength` and collects what was shown and what was returned. */
function run(options: { text: string; stop: string; pieceLength: number; hiddenPrefix?: string }) {
  const { text, stop, pieceLength, hiddenPrefix = "" } = options;
  const shown: string[] = [];
  const stream = new TextStream({ stop, hiddenPrefix, onText: (part) => shown.push(part) });
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += pieceLength) stream.write(bytes.subarray(at, at + pieceLength));
  return { shown, whole: stream.end() };
}

describe("text stream", () => {
  test.each([
    ["never shows half a character", "aé😀b", "", 1, ["a", "é", "😀", "b"]],
    ["holds back what may be the stop text", "ab\n\ncd", "\n\n", 1, ["a", "b"]],
    ["shows what only looked like the stop text", "a\nb", "\n\n", 1, ["a", "\nb"]],
    ["cuts inside one token", "ab;\ncd", "\n", 6, ["ab;"]],
  ])("%s", (_name, text, stop, pieceLength, expected) => {
    expect(run({ text, stop, pieceLength }).shown).toEqual(expected);
  });

  test.each([
    ["leaves out the hidden prefix", " b c", ["b", " ", "c"]],
    ["keeps a text that does not begin with the hidden prefix", "(b)", ["(", "b", ")"]],
    ["is empty where nothing but the hidden prefix was written", " ", []],
  ])("%s", (_name, text, expected) => {
    const { shown, whole } = run({ text, stop: "\n", pieceLength: 1, hiddenPrefix: " " });
    expect(shown).toEqual(expected);
    expect(whole).toBe(expected.join(""));
  });

  test("shows nothing of a hidden prefix that has only begun", () => {
    const { shown, whole } = run({ text: "logger.warn", stop: "", pieceLength: 2, hiddenPrefix: "log" });
    expect(shown.join("")).toBe("ger.warn");
    expect(whole).toBe("ger.warn");
  });

  test("what was shown is the whole text up to the stop text, however the bytes arrive", () => {
    const code = fc.string({ unit: fc.constantFrom("a", "\n", "é", "😀", "{") });
    fc.assert(
      fc.property(
        code,
        fc.constantFrom("", "\n", "\n\n", "a\n"),
        fc.integer({ min: 1, max: 5 }),
        (text, stop, pieceLength) => {
          const { shown, whole } = run({ text, stop, pieceLength });
          expect(shown.join("")).toBe(whole);
          expect(whole).toBe(stop === "" ? text : (text.split(stop)[0] ?? ""));
        },
      ),
    );
  });
});
