import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { testTokenizer } from "../../test/testTokenizer.js";
import { chatTemplateOf } from "./chatTemplate.js";
import { completionPrompt, SUFFIX_TOKENS_MAX } from "./completionPrompt.js";
import { controlsOf, stopTokens } from "./controls.js";
import { CONTROL_ID_FIRST, CONTROL_LITERALS } from "./controlTokens.js";
import { encodeText } from "./encodeText.js";
import { fileHeader, fillPrompt, HINT_TOKENS_MAX, hintOf, withAnswer } from "./format.js";
import { PREFIX_TOKENS_MAX } from "./prefixWindow.js";

const tokenizer = testTokenizer([...CONTROL_LITERALS, "\n  ", "const", " =", "|pre", "<|", "|>"]);
const plainTokenizer = testTokenizer(["const", " ="]);
const controls = (() => {
  const found = controlsOf(tokenizer);
  if (found === undefined) throw new Error("no controls");
  return found;
})();
const vocabulary = { tokenizer, controls };
const CONTROL_ID_LAST = CONTROL_ID_FIRST + CONTROL_LITERALS.length - 1;

describe("encodeText", () => {
  it("never yields a control token and always decodes to the text", () => {
    const part = fc.oneof(
      fc.constantFrom(...CONTROL_LITERALS),
      fc.constantFrom("<", "|", ">", "<|", "|>", "pre", "é"),
    );
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        const text = parts.join("");
        const tokens = encodeText(tokenizer, text);
        expect(tokenizer.decode(tokens)).toBe(text);
        expect([...tokens].filter((token) => token >= CONTROL_ID_FIRST && token <= CONTROL_ID_LAST)).toEqual(
          [],
        );
      }),
    );
  });

  it("is plain encoding for text without literals", () => {
    expect(encodeText(tokenizer, "const a =\n  1")).toEqual(tokenizer.encode("const a =\n  1"));
  });
});

describe("controlsOf", () => {
  it("finds every control, or none in a vocabulary without them", () => {
    expect(controls.suf).toBe(CONTROL_ID_FIRST);
    expect(controlsOf(plainTokenizer)).toBeUndefined();
    expect([...stopTokens(controls)]).toContain(controls.eot);
    expect([...stopTokens(undefined)]).toEqual([0]);
  });
});

function shown(place: { path?: string; prefix: string; suffix: string }): string {
  return tokenizer.decode(completionPrompt({ tokenizer, path: "a.ts", ...place }).tokens);
}

describe("completionPrompt", () => {
  it.each([
    ["continues where nothing follows", "const a", " \n", "<|file|>a.ts\nconst a"],
    [
      "puts the suffix first and hints its first line",
      "f(",
      ")\n  b",
      "<|file|>a.ts\n<|suf|>)\n  b<|pre|><|hint|>)<|mid|>f(",
    ],
    [
      "hints the first line that is not blank",
      "x",
      "\n\n  end  \n",
      "<|file|>a.ts\n<|suf|>\n\n  end  \n<|pre|><|hint|>end<|mid|>x",
    ],
    ["leaves a lone space before the cursor to the answer", "const ", "", "<|file|>a.ts\nconst"],
    ["keeps an indentation", "{\n  ", "", "<|file|>a.ts\n{\n  "],
    [
      "puts the lines above before the hint, and the cursor's line with its newline last",
      "a;\nb;\n  f(",
      ")\n",
      "<|file|>a.ts\n<|suf|>)\n<|pre|>a;\nb;<|hint|>)<|mid|>\n  f(",
    ],
    [
      "leaves a lone space to the answer in a fill too",
      "f( ",
      ")",
      "<|file|>a.ts\n<|suf|>)<|pre|><|hint|>)<|mid|>f(",
    ],
    ["keeps a literal in the user's text harmless", "<|mid|>", "", "<|file|>a.ts\n<|mid|>"],
  ])("%s", (_name, prefix, suffix, expected) => expect(shown({ prefix, suffix })).toBe(expected));

  it("sets the boundary on the last token", () => {
    const { tokens, boundary } = completionPrompt({ tokenizer, path: "a.ts", prefix: "x", suffix: ";" });
    expect(boundary).toBe(tokens.length - 1);
    expect(tokens[boundary - 1]).toBe(controls.mid);
  });

  it("keeps to its budgets and begins a cut prefix with a line", () => {
    const prefix = "const abc =\n  1;\n".repeat(5_000);
    const { tokens } = completionPrompt({ tokenizer, path: "a.ts", prefix, suffix: prefix });
    const pre = tokens.indexOf(controls.pre);
    expect(pre - tokens.indexOf(controls.suf) - 1).toBe(SUFFIX_TOKENS_MAX);
    expect(tokens.indexOf(controls.hint) - pre - 1).toBeLessThanOrEqual(PREFIX_TOKENS_MAX);
    expect(tokenizer.bytesOf(tokens[pre + 1] ?? 0)?.[0]).toBe(0x0a);
    const mid = tokens.indexOf(controls.mid);
    expect(mid - tokens.indexOf(controls.hint) - 1).toBeLessThanOrEqual(HINT_TOKENS_MAX);
    expect(tokenizer.decode(tokens.subarray(mid + 1))).toBe("\n");
  });

  it("gives a model without control tokens its plain prefix, and never nothing", () => {
    const place = { tokenizer: plainTokenizer, path: "a.ts", suffix: "}" };
    expect(plainTokenizer.decode(completionPrompt({ ...place, prefix: "const a" }).tokens)).toBe("const a");
    expect([...completionPrompt({ ...place, prefix: "" }).tokens]).toEqual([0]);
  });
});

describe("training text and requests", () => {
  it("have the same tokens for a fill", () => {
    const [above, begun, rest, suffix] = ["a;", "\nconst a =", " 1", ";\nconst b"];
    const parts = {
      header: fileHeader(vocabulary, "a.ts"),
      above: encodeText(tokenizer, above),
      begun: encodeText(tokenizer, begun),
      suffix: encodeText(tokenizer, suffix),
      hint: hintOf(vocabulary, suffix),
    };
    const sample = withAnswer(vocabulary, fillPrompt(vocabulary, parts), encodeText(tokenizer, rest));
    const { tokens } = completionPrompt({ tokenizer, path: "a.ts", prefix: above + begun, suffix });
    expect([...sample]).toEqual([...tokens, ...encodeText(tokenizer, rest), controls.eot]);
  });

  it("have the same tokens for a chat", () => {
    const asked = [{ role: "user", text: "Hi" }] as const;
    const answered = [...asked, { role: "assistant", text: "Hello" }] as const;
    const prompt = chatTemplateOf(tokenizer).prompt(asked);
    expect(tokenizer.decode(prompt)).toBe("<|user|>Hi<|eot|><|asst|>");
    expect([...chatTemplateOf(tokenizer).turns(answered)].slice(0, prompt.length)).toEqual([...prompt]);
  });
});
