import { expect, test } from "vitest";
import { firstInvisible } from "./invisible.js";

test.each([
  "",
  "a\tb\n\r\n",
  "naïve e\u0301",
  "语言 \u3000东京",
  "«\u00a0oui\u00a0»",
  "👩‍👩‍👧 👍🏽 ❤️ 🏴󠁧󠁢󠁥󠁮󠁧󠁿 1️⃣",
  "می\u200cخواهم",
  "क्\u200dष",
  "葛\u{e0100}",
  "שלום مرحبا",
])("all of %j is seen", (text) => {
  expect(firstInvisible(text)).toBeUndefined();
});

test.each([
  ["a\u0000", "U+0000 (null)", 1, 2],
  ["ab\n  \u202Ecd", "U+202E (right-to-left override)", 2, 3],
  ["🎉\u200b", "U+200B (zero width space)", 1, 2],
  ["a\u200db", "U+200D (zero width joiner)", 1, 2],
  ["a\u2028b", "U+2028 (line separator)", 1, 2],
  ["\ufeffa", "U+FEFF (byte order mark)", 1, 1],
  ["a\rb", "U+000D (carriage return)", 1, 2],
  ["a\u{e0041}", "U+E0041", 1, 2],
  ["a\ufe0f", "U+FE0F", 1, 2],
  ["a\u00adb", "U+00AD (soft hyphen)", 1, 2],
  ["a\u007f", "U+007F", 1, 2],
])("%j is told of", (text, name, line, column) => {
  expect(firstInvisible(text)).toEqual({ name, line, column });
});
