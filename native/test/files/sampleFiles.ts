/** One small valid file of every format that is read, rich in features, and what reads it. */

import { readTensors } from "../../lib/files.js";
import { readModelFile } from "../../lib/modelFiles.js";
import { loadTokenizer } from "../../lib/tokenizer.js";
import { f32Bytes, ggufBytes, text, u32 } from "./ggufBytes.js";
import { f32, safetensorsBytes } from "./safetensorsBytes.js";
import { floatStorage, legacyTorchBytes, type TorchView, torchBytes, wholeView } from "./torchBytes.js";

const GGUF = "a GGUF file";
const VOCABULARY = "a vocabulary";

/** What reads a file of this name. */
export function readersOf(name: string): readonly ((path: string) => unknown)[] {
  if (name === VOCABULARY) return [loadTokenizer];
  return name === GGUF ? [readTensors, readModelFile, loadTokenizer] : [readTensors];
}

export function sampleFiles(): [string, Buffer][] {
  const numbers = new Uint8Array(Float32Array.from({ length: 8 }, (_, i) => i).buffer);
  const header = {
    __metadata__: { format: "pt", 'a "quoted" key': "\n" },
    "blocks.0.att.x_r": f32([1, 1, 2], 0, 8),
    "emb.weight": f32([2, 3], 8, 32),
    empty: f32([0], 32, 32),
  };
  const storage = floatStorage("0", [0, 1, 2, 3, 4, 5]);
  const views: Record<string, TorchView> = {
    "emb.weight": wholeView(storage, [2, 3]),
    transposed: { storage, offset: 1, shape: [2, 2], strides: [1, 2] },
    "blocks.0.att.x_r": wholeView(floatStorage("1", [1, 2]), [1, 1, 2]),
  };
  return [
    ["a safetensors file", safetensorsBytes(header, numbers)],
    [GGUF, sampleGguf()],
    [VOCABULARY, Buffer.from(sampleVocabulary())],
    ["a .pth file", torchBytes(views)],
    ["a .pth file in zip64", torchBytes(views, "zip64")],
    ["a .pth file from before torch 1.6", legacyTorchBytes(views)],
  ];
}

function sampleVocabulary(): string {
  return `1 'a' 1\n2 "it's" 4\r\n3 b'\\xff\\n' 2\n9 '\\u00e9\\t\\\\' 4\n`;
}

/** With a vocabulary, so that readers of tensors and of tokens have something to find. */
function sampleGguf(): Buffer {
  const tokens = ["<s>", "\\x00", "it's", "\\xff", "[PAD4]"];
  return ggufBytes({
    metadata: [
      ["general.architecture", { kind: "text", value: "rwkv7" }],
      ["general.alignment", { kind: "u32", value: 32 }],
      ["tokenizer.ggml.model", { kind: "text", value: "rwkv" }],
      ["tokenizer.ggml.tokens", { kind: "array", element: 8, items: tokens.map(text) }],
      ["tokenizer.ggml.token_type", { kind: "array", element: 5, items: [3, 1, 1, 1, 5].map(u32) }],
    ],
    tensors: [
      { name: "emb.weight", dimensions: [2, 2], type: 0, data: f32Bytes(1, 2, 3, 4) },
      { name: "q8", dimensions: [32], type: 8, data: new Uint8Array(34).fill(1) },
      { name: "q4", dimensions: [32, 1], type: 2, data: new Uint8Array(18).fill(1) },
    ],
  });
}
