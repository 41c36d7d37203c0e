import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isMidLine, LINES_MAX, lengthAtEnd, type StopPlace, stopAfter } from "./stopRules.js";

const SURE = -0.01;
const UNSURE = -2;

/** Writes token by token as the model would; a token in ‹ › is one that it is not sure of. */
function write(document: string, tokens: readonly string[], ending: "ended" | "limit" = "ended") {
  const [prefix = "", suffix = ""] = document.split("║");
  const place: StopPlace = { prefix, suffix, isFill: /\S/.test(suffix) };
  let text = "";
  for (const token of tokens) {
    const from = text.length;
    const isUnsure = token.startsWith("‹");
    text += isUnsure ? token.slice(1, -1) : token;
    const logProbability = isUnsure ? UNSURE : SURE;
    const stop = stopAfter({ text, token: { from, logProbability }, place });
    if (stop) return { text: text.slice(0, stop.length), by: stop.reason };
  }
  const length = lengthAtEnd({ text, place, isEnded: ending === "ended" });
  return { text: text.slice(0, length), by: ending };
}

describe("a completion by rules", () => {
  test.each([
    ["keeps a first line that is not sure", "a = ║", ["‹b›", "‹(c)›", "‹\n›", "d"], "b(c)", "unsure"],
    ["keeps further lines that are sure", "  ║", ["‹a›", "\n  ", "b", "\n  ", "c"], "a\n  b\n  c", "ended"],
    ["keeps only whole lines that are sure", "║", ["a", "\n", "b", "\n", "c", "‹d›"], "a\nb", "unsure"],
    ["a line that ends unsurely is a whole one", "║", ["a", "\n", "b", "‹\n›"], "a\nb", "unsure"],
    ["a line end within a token counts where it is", "║", ["a", "\n", "‹b;\n›"], "a", "unsure"],
    ["a line end first means nothing", "a();║", ["\n", "b"], "", "nothing"],
    ["even after blanks", "a();║", ["  ", "\n", "b"], "", "nothing"],
    ["but a fill may go on below", "a();║\nz", ["\n", "b"], "\nb", "ended"],
    ["ends where less is indented", "  if (a) {\n    ║\n", ["‹b›", "\n  ", "}", "\n"], "b", "dedent"],
    [
      "a bracket may stand under its line",
      "  if (a) {║\nz",
      ["\n    ", "b", "\n  ", "}"],
      "\n    b\n  }",
      "ended",
    ],
    ["ends before what stands below", "  ║\n  z();\n}", ["a", "\n  ", "z();", "\n", "b"], "a", "suffix"],
    ["also when the model ends there", "  ║\n  z();\n}", ["a", "\n  ", "z();"], "a", "ended"],
    [
      "ends before a line that was written before",
      "║",
      ["a", "\n", "b", "\n", "a", "\n"],
      "a\nb",
      "repeated",
    ],
    ["the cursor's line counts as written", "  lo║", ["g()", "\n", "  log()", "\n"], "g()", "repeated"],
    ["brackets may repeat", "║", ["a", "\n", "}", "\n", "}", "\n", "b"], "a\n}\n}\nb", "ended"],
  ] as const)("%s", (_name, document, tokens, text, by) => {
    expect(write(document, tokens)).toEqual({ text, by });
  });

  test("shows what there is of a first line when no more tokens are to be had, and only whole further ones", () => {
    expect(write("║", ["a", "b"], "limit").text).toBe("ab");
    expect(write("║", ["a", "\n", "b", "\n", "c"], "limit").text).toBe("a\nb");
  });

  test(`is at most ${LINES_MAX} lines long`, () => {
    const tokens = Array.from({ length: 3 * LINES_MAX }, (_, at) => (at % 2 === 0 ? `line${at}` : "\n"));
    const { text, by } = write("║", tokens);
    expect(by).toBe("lines");
    expect(text.split("\n").length).toBe(LINES_MAX);
  });

  test("what counts is how the text begins, up to a line end where it is cut", () => {
    const token = fc.constantFrom("a", "\n", "  ", "}", "b()", "‹c›", "‹\n›", "\n  ");
    fc.assert(
      fc.property(
        fc.array(token, { maxLength: 30 }),
        fc.constantFrom("║", "  ║\n  b()\n", "  a\n  ║\n}"),
        (tokens, document) => {
          const all = tokens.join("").replaceAll(/[‹›]/g, "");
          const { text, by } = write(document, tokens);
          expect(all.startsWith(text)).toBe(true);
          if (by !== "ended" && by !== "nothing") expect(all[text.length]).toBe("\n");
        },
      ),
    );
  });
});

test.each([
  ["", false],
  ["\nfoo", false],
  [");\nfoo", false],
  ['"}) ;\n', false],
  [" + b;\n", true],
  ["  // note\n", true],
])("right of the cursor %j leaves room for one line only: %s", (suffix, expected) => {
  expect(isMidLine(suffix)).toBe(expected);
});
