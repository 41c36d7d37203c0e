import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadTokenizer } from "../../engine/engine.js";
import { controlsOf } from "../../prompt/controls.js";
import { CONTROL_COUNT, CONTROL_ID_FIRST, CONTROL_LITERALS } from "../../prompt/controlTokens.js";
import { encodeText } from "../../prompt/encodeText.js";

const tokenizer = loadTokenizer(fileURLToPath(new URL("../../../model/vocab.txt", import.meta.url)));

describe("the embedded model's vocabulary", () => {
  it("has 4096 ids, all bytes first, then the control tokens", () => {
    expect(tokenizer.size).toBe(4096);
    for (let byte = 0; byte < 256; byte++) expect([...(tokenizer.bytesOf(byte + 1) ?? [])]).toEqual([byte]);
    CONTROL_LITERALS.forEach((literal, index) => {
      expect([...tokenizer.encode(literal)]).toEqual([CONTROL_ID_FIRST + index]);
    });
    expect(controlsOf(tokenizer)).toBeDefined();
  });

  it("joins no two lines in one token", () => {
    for (let id = CONTROL_ID_FIRST + CONTROL_COUNT; id < tokenizer.size; id++) {
      const text = Buffer.from(tokenizer.bytesOf(id) ?? []).toString("latin1");
      expect(text).toMatch(/^\n*[^\n]+$|^\n+$/);
    }
  });

  it("encodes any text of people to itself without a control token", () => {
    const part = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom(...CONTROL_LITERALS, "\n    ", "const x = 1;"),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        const text = parts.join("");
        const tokens = encodeText(tokenizer, text);
        expect(tokenizer.decode(tokens)).toBe(text);
        expect(
          [...tokens].some((id) => id >= CONTROL_ID_FIRST && id < CONTROL_ID_FIRST + CONTROL_COUNT),
        ).toBe(false);
      }),
    );
  });
});
