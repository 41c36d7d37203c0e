import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cutForeign } from "./cutForeign.js";
import { cutLineAbove } from "./cutLineAbove.js";
import { cutRepetition } from "./cutRepetition.js";
import { cutSuffix } from "./cutSuffix.js";
import { cutUnopened } from "./cutUnopened.js";
import { dropUnsure, MEAN_LOG_PROBABILITY_MIN } from "./dropUnsure.js";
import type { Filter, FilterContext } from "./filter.js";
import { FILTERS } from "./postprocess.js";
import { runOverClosers } from "./runOverClosers.js";
import { trimLineEnds } from "./trimLineEnds.js";

function placeOf(document: string): FilterContext {
  const [prefix = "", suffix = ""] = document.split("║");
  return { prefix, suffix, meanLogProbability: -1, isSure: false, isTaught: false };
}

/** ║ cursor, ├ ┤ proposal; after ┤ in what is expected: text right of the cursor that it takes the place of. */
function checkFilter(filter: Filter, document: string, proposed: string, expected: string): void {
  const context = placeOf(document);
  const filtered = filter({ text: proposed.slice(1, -1), replaces: 0 }, context);
  const drawn = filtered && `├${filtered.text}┤${context.suffix.slice(0, filtered.replaces)}`;
  expect(drawn ?? "dropped").toBe(expected);
}

describe("what must never come into a file", () => {
  test.each([
    ["is cut off with all that follows: half a character", "x = ║", '├"é\uFFFDb"┤', '├"é┤'],
    ["a lone surrogate", "x = ║", "├a\uD83D┤", "├a┤"],
    ["a control token in letters", "x = ║", "├1;<|eot|>2┤", "├1;┤"],
    ["a control character", "x = ║", "├1\u0000┤", "├1┤"],
    ["tabs, line ends and whole characters stay", "x = ║", "├\t😀\r\n汉┤", "├\t😀\r\n汉┤"],
  ])("%s", (_name, document, proposed, expected) => checkFilter(cutForeign, document, proposed, expected));
});

describe("repetition", () => {
  test.each([
    ["cuts a loop after its first round", "║", "├a();a();a();a();┤", "├a();┤"],
    [
      "cuts a line that comes again and again",
      "║",
      "├  x.y();\n  x.y();\n  x.y();\n  x.y();\n┤",
      "├  x.y();\n┤",
    ],
    ["keeps what stands before the loop", "║", "├return ok, ok, ok, ok, ok┤", "├return ok,┤"],
    ["cuts a run of one character away", "║", "├a ^^^^^^^^┤", "├a ┤"],
    ["keeps a ruler", "║", "├// ----------------------------┤", "├// ----------------------------┤"],
    ["keeps numbers and closing brackets", "║", "├f(1000000, [[[[0]]]])┤", "├f(1000000, [[[[0]]]])┤"],
    ["keeps a deep indentation", "║", "├{\n                        a┤", "├{\n                        a┤"],
    ["keeps a small matrix", "║", "├[0, 0, 0], [0, 0, 0]┤", "├[0, 0, 0], [0, 0, 0]┤"],
    [
      "keeps lines that differ",
      "║",
      "├case 1: a(1);\ncase 2: a(2);\ncase 3: a(3);┤",
      "├case 1: a(1);\ncase 2: a(2);\ncase 3: a(3);┤",
    ],
  ])("%s", (_name, document, proposed, expected) => checkFilter(cutRepetition, document, proposed, expected));
});

describe("the line above", () => {
  test.each([
    ["is not proposed again", "  log(1);\n  ║\n", "├log(1);┤", "dropped"],
    ["nor finished to be the same", "  log(1);\n  lo║\n", "├g(1);┤", "dropped"],
    ["is cut off where the proposal repeats itself", "  ║\n", "├a(b);\n  a(b);┤", "├a(b);┤"],
    ["a bracket under a bracket stays", "}\n║\n", "├}┤", "├}┤"],
    ["the same elsewhere stays", "log(1);\nb();\n║", "├log(1);┤", "├log(1);┤"],
    ["with line ends of Windows too", "  log(1);\r\n  ║\r\n", "├log(1);┤", "dropped"],
  ])("%s", (_name, document, proposed, expected) => checkFilter(cutLineAbove, document, proposed, expected));
});

describe("a bracket that nothing opened", () => {
  test.each([
    ["is cut off with what follows", "foo(║", "├a)) { b┤", "├a)┤"],
    ["may have been opened before the cursor", "if (a) {\n  foo(║", "├b);\n}┤", "├b);\n}┤"],
    ["or lines above, past one that was never closed", "{\n  ( [║", "├1]\n}┤", "├1]\n}┤"],
    ["in a string is none", "f(║", '├")", "}")┤', '├")", "}")┤'],
    ["after an apostrophe in a comment is one", "f(║", "├a); // don't)┤", "├a); // don't┤"],
  ])("%s", (_name, document, proposed, expected) => checkFilter(cutUnopened, document, proposed, expected));
});

describe("what the document has already", () => {
  test.each([
    ["right of the cursor is cut off", "if (║) {", "├a > b) {┤", "├a > b┤"],
    ["all right of the cursor: nothing is left", "const a = ║b(c) + 1;", "├b(c) + 1;┤", "dropped"],
    ["the next line is not proposed", "  a();\n  ║\n  b();\n", "├b();┤", "dropped"],
    ["nor is it as the end of more", "  ║\n  b();\n}\n", "├a();\n  b();┤", "├a();┤"],
    ["blank lines between do not matter", "  ║\n\n}\n", "├a();\n}┤", "├a();┤"],
    [
      "a line that is indented otherwise is another one",
      "  if (a) {\n    ║\n}\n",
      "├b();\n  }┤",
      "├b();\n  }┤",
    ],
    ["a line that only begins like the next stays", "║\nab();\n", "├a┤", "├a┤"],
    ["brackets that an editor closed are not its affair", "f(║)", "├a, b)┤", "├a, b)┤"],
  ])("%s", (_name, document, proposed, expected) => checkFilter(cutSuffix, document, proposed, expected));
});

describe("line ends", () => {
  test.each([
    ["lose their blanks", "║", "├a  \nb\t\n\n ┤", "├a\nb┤"],
    ["inner blanks and indentation stay", "║", "├  a b\n\n  c┤", "├  a b\n\n  c┤"],
  ])("%s", (_name, document, proposed, expected) => checkFilter(trimLineEnds, document, proposed, expected));
});

describe("closing brackets right of the cursor", () => {
  test.each([
    ["are run over", "f(║)", "├a, b)┤", "├a, b)┤)"],
    ["with what follows them", "f(║)", "├a, b);┤", "├a, b);┤)"],
    ["and what follows there too", "f(║);", "├a, b);┤", "├a, b);┤);"],
    ["stay where the proposal does not close them", "f(║)", "├a, b┤", "├a, b┤"],
    ["stay where it closes its own", "f(║)", "├g(a)┤", "├g(a)┤"],
    ["quotes too", 'f("║")', '├name");┤', '├name");┤")'],
    ["only as many as are too many", "f(g(║)", "├a)┤", "├a)┤"],
    ["only as many as are too many: one of two", "f(g(║)", "├a));┤", "├a));┤)"],
    ["of a block, over lines", "f(() => {║})", "├\n  a();\n});┤", "├\n  a();\n});┤})"],
    ["and nothing but them is nothing new", "f(a║)", "├)┤", "dropped"],
    ["an apostrophe is not a bracket", "f(║)", "├a // don't┤", "├a // don't┤"],
    ["there may be none", "f(║", "├a)┤", "├a)┤"],
  ])("%s", (_name, document, proposed, expected) =>
    checkFilter(runOverClosers, document, proposed, expected),
  );
});

test("what the model hardly believes is dropped, on the mean", () => {
  const context = placeOf("a║");
  const proposal = { text: "b", replaces: 0 };
  expect(dropUnsure(proposal, { ...context, meanLogProbability: MEAN_LOG_PROBABILITY_MIN })).toBe(proposal);
  expect(
    dropUnsure(proposal, { ...context, meanLogProbability: MEAN_LOG_PROBABILITY_MIN - 0.01 }),
  ).toBeUndefined();
});

/** Without surrogates that have no other half. */
const wellFormed = (each: string) => Buffer.from(each).toString();

/** Pieces from which every filter's case comes up by itself. */
const piece = fc.oneof(
  fc.constantFrom(
    "a",
    "b();",
    "\n",
    "  ",
    "\r\n",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    '"',
    "'",
    "`",
    ";",
    ",",
    "\\",
  ),
  fc.constantFrom("<|mid|>", "\uFFFD", "\uD83D", "\uDE00", "😀", "汉", "^", "\t", "\u0000", "return x;"),
  fc.string({ unit: "binary", maxLength: 3 }),
);
const text = fc.array(piece, { maxLength: 14 }).map((parts) => parts.join(""));
const whole = text.map(wellFormed);

describe.each(FILTERS)("$name, on any texts", ({ filter }) => {
  test("shortens or drops, is settled after once, and splits no character", () => {
    fc.assert(
      fc.property(
        whole,
        whole,
        whole,
        fc.double({ min: -5, max: 0, noNaN: true }),
        (prefix, suffix, proposed, mean) => {
          const context = { prefix, suffix, meanLogProbability: mean, isSure: false, isTaught: false };
          const once = filter({ text: proposed, replaces: 0 }, context);
          if (!once) return;
          expect(once.text.length).toBeLessThanOrEqual(proposed.length);
          expect(once.text).toBe(wellFormed(once.text));
          expect(once.replaces).toBeLessThanOrEqual(suffix.length);
          expect(filter(once, context) ?? "dropped").toEqual(once);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

test("broken text does not disturb the others", () => {
  fc.assert(
    fc.property(text, text, text, (prefix, suffix, proposed) => {
      for (const { filter } of FILTERS) {
        filter(
          { text: proposed, replaces: 0 },
          { prefix, suffix, meanLogProbability: -1, isSure: false, isTaught: false },
        );
      }
      const clean = cutForeign({ text: proposed, replaces: 0 }, placeOf("║"))?.text ?? "";
      expect(clean).toBe(wellFormed(clean));
    }),
  );
});
