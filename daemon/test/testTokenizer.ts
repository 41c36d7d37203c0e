/**
 * A slow greedy tokenizer for the tests of prompts and samples, so that they run without the native addon.
 * Not part of the product: that one is native.
 */
import { createHash } from "node:crypto";
import type { Tokenizer } from "../src/engine/engine.js";

/** Over every byte and the given texts, numbered from 1 as in the World format. */
export function testTokenizer(texts: readonly string[]): Tokenizer {
  const bytes = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte));
  const entries = [...bytes, ...texts.map((text) => Buffer.from(text).toString("latin1"))];
  const ids = new Map(entries.map((entry, index) => [entry, index + 1]));
  const lengthMax = Math.max(...entries.map((entry) => entry.length));
  const encode = (text: string | Uint8Array) => {
    const latin1 = Buffer.from(text).toString("latin1");
    const tokens: number[] = [];
    for (let at = 0; at < latin1.length; ) {
      let length = Math.min(lengthMax, latin1.length - at);
      while (!ids.has(latin1.slice(at, at + length))) length--;
      tokens.push(ids.get(latin1.slice(at, at + length)) ?? 0);
      at += length;
    }
    return Uint32Array.from(tokens);
  };
  const bytesOf = (token: number) => {
    const entry = entries[token - 1];
    return entry === undefined ? undefined : Buffer.from(entry, "latin1");
  };
  const decodeBytes = (tokens: Uint32Array) =>
    Buffer.concat([...tokens].map((token) => bytesOf(token) ?? Buffer.alloc(0)));
  return {
    size: entries.length + 1,
    hash: createHash("sha256").update(entries.join("\0"), "latin1").digest("hex"),
    encode,
    decodeBytes,
    decode: (tokens) => decodeBytes(tokens).toString("utf8"),
    bytesOf,
  };
}
