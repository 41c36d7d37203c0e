/** Greedy longest match, by looking up ever shorter prefixes. Takes the vocabulary as bytes per id. */

import type { SubjectTokenizer } from "../../../daemon/src/lab/conformance/subject.js";

export function createTokenizer(vocabulary: ReadonlyMap<number, Uint8Array>): SubjectTokenizer {
  const key = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");
  const idOf = new Map([...vocabulary].map(([id, bytes]) => [key(bytes), id]));
  const longest = Math.max(...[...vocabulary.values()].map((bytes) => bytes.length));
  const decodeBytes = (tokens: Uint32Array) =>
    Buffer.concat(Array.from(tokens, (token) => vocabulary.get(token) ?? new Uint8Array()));
  return {
    encode(text) {
      const bytes = Buffer.from(text);
      const ids: number[] = [];
      for (let start = 0; start < bytes.length; ) {
        let length = Math.min(longest, bytes.length - start);
        while (!idOf.has(key(bytes.subarray(start, start + length))))
          if (--length === 0) throw new Error(`no token starts with byte ${bytes[start]}`);
        ids.push(idOf.get(key(bytes.subarray(start, start + length))) ?? 0);
        start += length;
      }
      return ids;
    },
    decodeBytes,
    decode: (tokens) => decodeBytes(tokens).toString("utf8"),
  };
}
