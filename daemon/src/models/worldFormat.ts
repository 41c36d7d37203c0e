/**
 * Writes a vocabulary in the World text format: one `id literal byteLength` per line, the literal as Python writes it.
 * Text that is UTF-8 is a string literal, anything else a bytes literal. Reading is the native tokenizer's part.
 */

export interface VocabularyEntry {
  readonly id: number;
  readonly bytes: Uint8Array;
}

/** The whole file; lines end in LF. */
export function worldFormat(entries: readonly VocabularyEntry[]): string {
  return entries.map(({ id, bytes }) => `${id} ${literal(bytes)} ${bytes.length}\n`).join("");
}

function literal(bytes: Uint8Array): string {
  const text = decode(bytes);
  if (text === undefined) return `b'${[...bytes].map((byte) => escapeCode(byte)).join("")}'`;
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  return quote + [...text].map((character) => escapeCharacter(character, quote)).join("") + quote;
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

const NAMED = new Map([
  ["\t", "\\t"],
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\\", "\\\\"],
]);

function escapeCharacter(character: string, quote: string): string {
  const named = NAMED.get(character);
  if (named !== undefined) return named;
  if (character === quote) return `\\${quote}`;
  if (character === " " || /^[\p{L}\p{N}\p{P}\p{S}]$/u.test(character)) return character;
  const code = character.codePointAt(0) ?? 0;
  if (code <= 0xff) return escapeCode(code);
  return code <= 0xffff ? `\\u${code.toString(16).padStart(4, "0")}` : character;
}

function escapeCode(code: number): string {
  return `\\x${code.toString(16).padStart(2, "0")}`;
}
