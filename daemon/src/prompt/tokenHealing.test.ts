import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { testTokenizer } from "../../test/testTokenizer.js";
import { healingBan, tokensToHeal } from "./tokenHealing.js";

const TEXTS = ["const", " const", "logger", "lo", "warn", ".warn", "()", "();", "\n    ", "    ", "你好"];
const tokenizer = testTokenizer(TEXTS);

function healedPrefixOf(text: string): string {
  const tokens = tokenizer.encode(text);
  return tokenizer.decode(tokens.subarray(tokens.length - tokensToHeal(tokenizer, tokens)));
}

describe("the open end of a text", () => {
  test.each([
    ["is the word that is being typed", "const log", "log"],
    ["is the word's first letters, also where they are a token", "const lo", "lo"],
    ["is nothing where the word is whole", "const a = logger", ""],
    ["is a bracket that may go on", "f(", "("],
    ["is a single space, which belongs to the next word", "a ", " "],
    ["is not the indentation of a new line", "{\n    ", ""],
    ["is not a second space", "a  ", ""],
    ["does not reach over a line end", "a\n", ""],
    ["never holds half a character", "a你", "你"],
    ["is nothing in a text of one token", "l", ""],
  ])("%s", (_name, text, expected) => expect(healedPrefixOf(text)).toBe(expected));

  test("may be followed by exactly the tokens that begin it or begin with it", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("l", "o", "g", " ", "c", "(", "."), minLength: 1 }),
        (healedPrefix) => {
          const against = new Set(
            healingBan({
              tokenizer,
              vocabularySize: tokenizer.size + 3,
              healedPrefix: new TextEncoder().encode(healedPrefix),
            }),
          );
          for (let token = 0; token < tokenizer.size + 3; token++) {
            const text = Buffer.from(tokenizer.bytesOf(token) ?? []).toString("utf8");
            const fits = text !== "" && (text.startsWith(healedPrefix) || healedPrefix.startsWith(text));
            expect(against.has(token)).toBe(!fits);
          }
        },
      ),
    );
  });
});
