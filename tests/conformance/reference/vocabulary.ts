/** Vocabulary files in the World format: `id literal byte_length` a line, the literal a Python str or bytes. */

import { readFileSync, writeFileSync } from "node:fs";

const ESCAPES: Readonly<Record<string, string>> = {
  t: "\t",
  n: "\n",
  r: "\r",
  "\\": "\\",
  "'": "'",
  '"': '"',
};
const ESCAPE = /\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|(.))/gi;

export function readVocabulary(path: string): Map<number, Uint8Array> {
  const lines = readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "");
  return new Map(
    lines.map((line) => {
      const literal = line.slice(line.indexOf(" ") + 1, line.lastIndexOf(" "));
      const isBytes = literal.startsWith("b");
      const text = literal
        .slice(isBytes ? 2 : 1, -1)
        .replace(ESCAPE, (_, byte?: string, unit?: string, letter?: string) =>
          letter === undefined
            ? String.fromCharCode(Number.parseInt(byte ?? unit ?? "", 16))
            : (ESCAPES[letter] ?? letter),
        );
      const bytes = Buffer.from(text, isBytes ? "latin1" : "utf8");
      if (bytes.length !== Number(line.slice(line.lastIndexOf(" ") + 1))) throw new Error(`bad line ${line}`);
      return [Number(line.slice(0, line.indexOf(" "))), bytes];
    }),
  );
}

export function writeVocabulary(path: string, vocabulary: ReadonlyMap<number, Uint8Array>): void {
  const lines = [...vocabulary].map(([id, bytes]) => `${id} ${literalOf(bytes)} ${bytes.length}\n`);
  writeFileSync(path, lines.join(""));
}

/** A str where the bytes are UTF-8, else bytes, with the escapes that Python's repr uses. */
function literalOf(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString("utf8");
  const isText = Buffer.from(text, "utf8").equals(bytes);
  const hex = (character: string) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = (isText ? text : Buffer.from(bytes).toString("latin1"))
    .replaceAll("\\", "\\\\")
    .replaceAll("\t", "\\t")
    .replaceAll("\n", "\\n")
    .replaceAll("\r", "\\r")
    .replaceAll(quote, `\\${quote}`)
    .replace(isText ? /[\p{Cc}\u00a0\u00ad]/gu : /[^ -~]/g, hex);
  return `${isText ? "" : "b"}${quote}${escaped}${quote}`;
}
