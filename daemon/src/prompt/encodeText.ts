/**
 * Encodes text that people wrote. Greedy longest match knows no difference between the control token `<|pre|>` and
 * the same seven characters in a user's file, so a file could forge a prompt. Here every such literal is cut after
 * its first character and the two parts are encoded on their own: no part holds a whole literal, so no control id
 * can come out. Decoding gives back the text unchanged.
 */
import type { Tokenizer } from "../engine/engine.js";
import { CONTROL_LITERALS } from "./controlTokens.js";

const LITERAL = new RegExp(CONTROL_LITERALS.map((text) => text.replaceAll("|", "\\|")).join("|"), "g");

export function encodeText(tokenizer: Tokenizer, text: string): Uint32Array {
  const cuts = [...text.matchAll(LITERAL)].map(({ index }) => index + 1);
  if (cuts.length === 0) return tokenizer.encode(text);
  const parts = [0, ...cuts].map((from, part) => tokenizer.encode(text.slice(from, cuts[part])));
  return concatenate(parts);
}

export function concatenate(parts: readonly (Uint32Array | readonly number[])[]): Uint32Array {
  const joined = new Uint32Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
