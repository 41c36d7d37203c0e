/** Opens vocabularies and checks arguments on their way to the native Tokenizer. */

import { loadAddon } from "./addon.js";
import { EngineError } from "./errors.js";
import { guarded } from "./rethrow.js";
import type { Tokenizer } from "./types.js";

/** The addon's object; the methods keep the promises of `Tokenizer` once arguments have the right type. */
interface NativeTokenizer {
  readonly size: number;
  readonly hash: string;
  encode(text: string | Uint8Array): Uint32Array;
  decodeBytes(tokens: Uint32Array): Uint8Array;
  bytesOf(token: number): Uint8Array | undefined;
}
interface TextAddon {
  readonly Tokenizer: new (path: string) => NativeTokenizer;
}

function isTextAddon(addon: unknown): addon is TextAddon {
  return typeof addon === "object" && addon !== null && "Tokenizer" in addon;
}

function textAddon(): TextAddon {
  const addon = loadAddon();
  if (!isTextAddon(addon)) {
    throw new EngineError("internal", "the native engine lacks its tokenizer; run `npm run build`");
  }
  return addon;
}

/** ignoreBOM keeps a leading U+FEFF: it is part of the text. */
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
const handles = new WeakMap<Tokenizer, NativeTokenizer>();

/**
 * Reads a vocabulary in the World text format. Throws EngineError: `file` when it cannot be read, `vocabulary`, naming
 * the line, when it is malformed.
 */
export function loadTokenizer(path: string): Tokenizer {
  if (typeof path !== "string" || path === "") {
    throw new TypeError("loadTokenizer needs the path of a vocabulary file.");
  }
  const native = guarded(() => new (textAddon().Tokenizer)(path));
  const tokenizer: Tokenizer = {
    size: native.size,
    hash: native.hash,
    encode(text) {
      if (typeof text !== "string" && !(text instanceof Uint8Array)) {
        throw new TypeError("Tokenizer.encode needs a string or a Uint8Array.");
      }
      return guarded(() => native.encode(text));
    },
    decodeBytes: (tokens) => decodeBytes(native, tokens),
    decode: (tokens) => utf8.decode(decodeBytes(native, tokens)),
    bytesOf(token) {
      const isId = Number.isInteger(token) && token >= 0 && token < native.size;
      return isId ? native.bytesOf(token) : undefined;
    },
  };
  handles.set(tokenizer, native);
  return tokenizer;
}

/** The addon's own object, for calls into the addon that take a tokenizer. */
export function tokenizerHandle(tokenizer: Tokenizer): unknown {
  const native = handles.get(tokenizer);
  if (!native) throw new TypeError("The tokenizer was not made by loadTokenizer.");
  return native;
}

function decodeBytes(native: NativeTokenizer, tokens: Uint32Array): Uint8Array {
  if (!(tokens instanceof Uint32Array))
    throw new TypeError("Tokenizer.decode needs a Uint32Array of tokens.");
  return guarded(() => native.decodeBytes(tokens));
}
