/** Vocabulary files by hand, in the World text format. */

interface Entry {
  readonly id: number;
  readonly bytes: Uint8Array;
}

/** A bytes literal with every byte escaped. */
function literal(bytes: Uint8Array): string {
  return `b'${[...bytes].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("")}'`;
}

export function vocabularyText(entries: readonly Entry[]): string {
  return entries.map(({ id, bytes }) => `${id} ${literal(bytes)} ${bytes.length}\n`).join("");
}

/** Ids 1 to 256 for the 256 bytes. */
export const SINGLE_BYTES: readonly Entry[] = Array.from({ length: 256 }, (_, byte) => ({
  id: byte + 1,
  bytes: Uint8Array.of(byte),
}));

export function withSingleBytes(tokens: readonly Uint8Array[]): Entry[] {
  return [...SINGLE_BYTES, ...tokens.map((bytes, i) => ({ id: 257 + i, bytes }))];
}

/** Greedy longest match as its definition reads: what the trie is compared with. */
export function naiveEncode(entries: readonly Entry[], text: Uint8Array): number[] {
  const ids = new Map(entries.map(({ id, bytes }) => [Buffer.from(bytes).toString("hex"), id]));
  const longest = Math.max(...entries.map(({ bytes }) => bytes.length));
  const hex = Buffer.from(text).toString("hex");
  const tokens: number[] = [];
  for (let begin = 0; begin < text.length; ) {
    let size = Math.min(longest, text.length - begin);
    while (size > 0 && !ids.has(hex.slice(2 * begin, 2 * (begin + size)))) size -= 1;
    if (size === 0) throw new Error(`no token at byte ${begin}`);
    tokens.push(ids.get(hex.slice(2 * begin, 2 * (begin + size))) ?? 0);
    begin += size;
  }
  return tokens;
}
