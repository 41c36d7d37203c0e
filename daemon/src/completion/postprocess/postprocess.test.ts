import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { postprocess } from "./postprocess.js";

function checkWhole(document: string, text: string, expected: unknown, isSure = false): void {
  const [prefix = "", suffix = ""] = document.split("║");
  const context = { prefix, suffix, meanLogProbability: isSure ? -0.01 : -1, isSure, isTaught: false };
  expect(postprocess({ text, context })).toEqual(expected);
}
const kept = (text: string, replaces = 0) => expect.objectContaining({ kind: "kept", text, replaces });
const dropped = (reason: string) => ({ kind: "dropped", reason });

describe("what the model wrote", () => {
  test.each([
    ["is shown as it is where nothing is wrong", "const a = ║\n", "load(b);", kept("load(b);")],
    ["nothing is nothing", "a║", "", dropped("blank")],
    ["blanks are nothing", "a║", "  \n", dropped("blank")],
    ["only half a character is nothing", "a║", "\uFFFDabc", dropped("foreign")],
    ["goes through all filters in turn", "f(║)\n", "a, b);;;;;;;;  \n", kept("a, b)", 1)],
    ["names the filter that left nothing of it", "a();\n║\na();\n", "a();", dropped("line-above")],
    ["and the one that left only blanks", "  ║\n", " ^^^^^^^^", dropped("repetition")],
    ["keeps what an editor has closed", "f(║)\n", "a, b", kept("a, b")],
  ])("%s", (_name, document, text, expected) => checkWhole(document, text, expected));

  test.each([
    ["a line like the one above", "log(1);\n║\n", "log(1);"],
    ["a bracket that nothing opened", "a ║", "case b) echo"],
    ["a repetition", "║", "^^^^^^^^^^"],
  ])("that was taught comes out as it was taught: %s", (_name, document, text) => {
    checkWhole(document, text, kept(text), true);
    checkWhole(document, text, expect.not.objectContaining({ text }));
  });

  test("never grows", () => {
    const code = fc.string({ unit: fc.constantFrom("a", "(", ")", "\n", " ", ";", '"', "}") });
    fc.assert(
      fc.property(code, code, code, fc.boolean(), (prefix, suffix, text, isSure) => {
        const context = { prefix, suffix, meanLogProbability: -1, isSure, isTaught: false };
        const processed = postprocess({ text, context });
        if (processed.kind === "dropped") return;
        expect(text.replaceAll(/[^\S\n]+(?=\n)/g, "")).toContain(processed.text);
        expect(processed.text.trim()).not.toBe("");
      }),
    );
  });
});
