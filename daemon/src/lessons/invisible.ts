/**
 * The first character of a text that nobody sees: who teaches it does so unawares, and what is proposed with it hides
 * more than it shows. Joiners and selectors are left alone where writing needs them: within emoji, and between letters
 * of scripts that join.
 */

interface Invisible {
  /** `U+202E (right-to-left override)`. */
  readonly name: string;
  /** From 1; columns are characters. */
  readonly line: number;
  readonly column: number;
}

/** A clause about a text that holds one, with the way out. */
export function invisibleIn(text: string): string | undefined {
  const found = firstInvisible(text);
  return (
    found &&
    `has an invisible character, ${found.name}, in its line ${found.line} at column ${found.column}; leave it out, or write it as an escape`
  );
}

/** Names of those that come up; the others are known by their number. */
const NAMES: Readonly<Record<number, string>> = {
  0: "null",
  13: "carriage return",
  27: "escape",
  173: "soft hyphen",
  847: "combining grapheme joiner",
  1564: "Arabic letter mark",
  8203: "zero width space",
  8204: "zero width non-joiner",
  8205: "zero width joiner",
  8206: "left-to-right mark",
  8207: "right-to-left mark",
  8232: "line separator",
  8233: "paragraph separator",
  8234: "left-to-right embedding",
  8235: "right-to-left embedding",
  8236: "pop directional formatting",
  8237: "left-to-right override",
  8238: "right-to-left override",
  8288: "word joiner",
  8294: "left-to-right isolate",
  8295: "right-to-left isolate",
  8296: "first strong isolate",
  8297: "pop directional isolate",
  65279: "byte order mark",
};

/** Controls but tabs and line ends, line and paragraph separators, the blank Braille pattern, and what Unicode lets nobody draw. */
const INVISIBLE = /(?![\t\n])[\p{Cc}\p{Zl}\p{Zp}\u2800\p{Default_Ignorable_Code_Point}]/u;
/** Where such characters are part of what is seen: emoji as Unicode recommends them, variants of a letter or sign, joined scripts. */
const SEEN = new RegExp(
  [
    "\\r(?=\\n)",
    "\\p{RGI_Emoji}",
    "[\\p{Emoji}\\p{Script=Han}\\p{Sm}][\\ufe00-\\ufe0f\\u{e0100}-\\u{e01ef}]",
    "(?<=[[\\p{L}\\p{M}]--\\p{ASCII}])[\\u200c\\u200d](?=[[\\p{L}\\p{M}]--\\p{ASCII}])",
  ].join("|"),
  "gv",
);

export function firstInvisible(text: string): Invisible | undefined {
  if (!INVISIBLE.test(text)) return undefined;
  const at = text.replaceAll(SEEN, (seen) => "x".repeat(seen.length)).search(INVISIBLE);
  if (at < 0) return undefined;
  const code = text.codePointAt(at) ?? 0;
  const number = `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
  const name = NAMES[code];
  const before = text.slice(0, at);
  return {
    name: name === undefined ? number : `${number} (${name})`,
    line: before.split("\n").length,
    column: [...before.slice(before.lastIndexOf("\n") + 1)].length + 1,
  };
}
