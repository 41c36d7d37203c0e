import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { testTokenizer } from "../../test/testTokenizer.js";
import { CONTROL_LITERALS } from "./controlTokens.js";
import { PREFIX_TOKENS_MAX, prefixWindow } from "./prefixWindow.js";

const tokenizer = testTokenizer([...CONTROL_LITERALS, "\n  ", "\n\n", "const", " = ", "value"]);
const shown = (text: string, line?: number) => tokenizer.decode(prefixWindow({ tokenizer, text, line }));

/** Long enough that most of it is cut off. */
const lineOfCode = fc.constantFrom(
  "const value = 1;",
  "",
  "  value();",
  "}",
  "// é 😀",
  "  const a = value;",
);
const code = fc
  .array(lineOfCode, { minLength: 100, maxLength: 160 })
  .map((lines) => lines.map((line, at) => `${line}${at % 7}`).join("\n"));

describe("the window before the cursor", () => {
  test("is an end of the text, at most so many tokens, and begins with a line end where it is cut", () => {
    fc.assert(
      fc.property(code, (text) => {
        const window = shown(text);
        expect(text.endsWith(window)).toBe(true);
        expect(window.startsWith("\n")).toBe(window.length < text.length);
        expect(prefixWindow({ tokenizer, text }).length).toBeLessThanOrEqual(PREFIX_TOKENS_MAX);
      }),
    );
  });

  test("begins where it began before, for as long as one types, but for a move in some lines", () => {
    fc.assert(
      fc.property(code, fc.integer({ min: 100, max: 400 }), (text, typed) => {
        const from = Math.max(0, text.length - typed);
        const starts = new Set<number>();
        for (let end = from; end <= text.length; end++) starts.add(end - shown(text.slice(0, end)).length);
        const linesTyped = text.slice(from).split("\n").length;
        expect(starts.size).toBeLessThanOrEqual(2 + linesTyped / 2);
        // Two tokens that become one may make room for a block once more, but never for two.
        const inOrder = [...starts];
        const furthest = inOrder.map((_start, at) => Math.max(...inOrder.slice(0, at + 1)));
        for (const [at, start] of inOrder.entries()) {
          expect(inOrder.filter((each) => each > start && each <= (furthest[at] ?? 0)).length).toBeLessThan(
            2,
          );
        }
      }),
      { numRuns: 5 },
    );
  });

  test("is the same whether the line's number is known or counted", () => {
    fc.assert(
      fc.property(code, (text) => {
        expect(shown(text, text.split("\n").length - 1)).toBe(shown(text));
      }),
    );
  });

  test.each([
    ["keeps the end of a line that is longer than the window", `x\n${"ab".repeat(5000)}`, PREFIX_TOKENS_MAX],
    ["keeps a short text whole", "const value = 1;", 4 + 2],
    ["holds nothing of nothing", "", 0],
  ])("%s", (_name, text, length) => {
    const tokens = prefixWindow({ tokenizer, text });
    expect(tokens.length).toBe(length);
    expect(text.endsWith(tokenizer.decode(tokens))).toBe(true);
  });

  test("has the line ends of Unix", () => {
    const text = "const value = 1;\r\n".repeat(200);
    expect(shown(text)).toBe(shown(text.replaceAll("\r\n", "\n")));
    expect(shown(text)).not.toContain("\r");
  });
});
