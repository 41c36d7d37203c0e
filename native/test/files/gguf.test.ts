/** Reading GGUF: what a valid file gives, and that every damage a writer or a stranger could do is refused by name. */

import { describe, expect, test } from "vitest";
import { readTensors, type Tensor } from "../../lib/files.js";
import { loadTokenizer } from "../../lib/tokenizer.js";
import { expectEngineError } from "../expectEngineError.js";
import { scratchFolder } from "../scratchFolder.js";
import { f32Bytes, type GgufParts, type GgufTensor, ggufBytes, text, u32, u64 } from "./ggufBytes.js";

const scratch = scratchFolder();
const read = (bytes: Uint8Array) => readTensors(scratch.write("file.gguf", bytes));

/** Without the sign of zeros. */
const numbersOf = (tensor: Tensor | undefined): readonly number[] =>
  tensor?.values instanceof Float32Array ? Array.from(tensor.values, (value) => value + 0) : [];

const F32 = 0;
const pair: GgufTensor = { name: "pair", dimensions: [2], type: F32, data: f32Bytes(1, 2) };
const matrix: GgufTensor = {
  name: "matrix",
  dimensions: [3, 2],
  type: F32,
  data: f32Bytes(1, 2, 3, 4, 5, 6),
};

/** f16 1.5, then q. */
const q8 = Buffer.concat([
  Buffer.of(0x00, 0x3e),
  Buffer.from(Int8Array.from({ length: 32 }, (_, i) => i - 16)),
]);
/** f16 -0.5; low nibbles 0 to 15, high nibbles 15 to 0. */
const q4 = Buffer.concat([
  Buffer.of(0x00, 0xb8),
  Buffer.from(Array.from({ length: 16 }, (_, i) => i | ((15 - i) << 4))),
]);

describe("reading", () => {
  test.each([2, 3])("version %i: tensors in order, shapes outermost first, values exact", (version) => {
    const { tensors } = read(ggufBytes({ version, tensors: [matrix, pair] }));
    expect(tensors).toEqual([
      { name: "matrix", dtype: "F32", shape: [2, 3], values: Float32Array.of(1, 2, 3, 4, 5, 6) },
      { name: "pair", dtype: "F32", shape: [2], values: Float32Array.of(1, 2) },
    ]);
  });

  test("texts and numbers of the metadata, passing over arrays", () => {
    const { metadata } = read(
      ggufBytes({
        metadata: [
          ["general.architecture", { kind: "text", value: "rwkv7" }],
          ["list", { kind: "array", element: 8, items: [text("a"), text("")] }],
          ["nested", { kind: "array", element: 9, items: [Buffer.concat([u32(4), u64(1), u32(7)])] }],
          ["u32", { kind: "u32", value: 4_000_000_000 }],
          ["i32", { kind: "i32", value: -3 }],
          ["f32", { kind: "f32", value: 0.5 }],
          ["u64", { kind: "u64", value: 2n ** 63n }],
          ["i64", { kind: "i64", value: -1n }],
          ["bool", { kind: "bool", value: 1 }],
        ],
        tensors: [pair],
      }),
    );
    expect(metadata).toEqual({
      "general.architecture": "rwkv7",
      u32: "4000000000",
      i32: "-3",
      f32: "0.5",
      u64: "9223372036854775808",
      i64: "-1",
      bool: "true",
    });
  });

  test("blocks of Q8_0 and Q4_0", () => {
    const { tensors } = read(
      ggufBytes({
        tensors: [
          { name: "q8", dimensions: [32], type: 8, data: q8 },
          { name: "q4", dimensions: [32, 1], type: 2, data: q4 },
        ],
      }),
    );
    expect(tensors[0]).toMatchObject({ dtype: "Q8_0", shape: [32] });
    expect(numbersOf(tensors[0])).toEqual(Array.from({ length: 32 }, (_, i) => 1.5 * (i - 16)));
    expect(tensors[1]).toMatchObject({ dtype: "Q4_0", shape: [1, 32] });
    const expected = Array.from({ length: 32 }, (_, i) => -0.5 * ((i < 16 ? i : 31 - i) - 8));
    expect(numbersOf(tensors[1])).toEqual(expected.map((value) => value + 0));
  });

  /** Element i of 256: half, run of 32, place; by the layout's definition, not by running through it. */
  test("blocks of Q6_K", () => {
    const quants = Array.from({ length: 256 }, (_, i) => (i * 37 + 11) % 64);
    const scales = Array.from({ length: 16 }, (_, i) => i * 3 - 20);
    const low = Buffer.alloc(128);
    const high = Buffer.alloc(64);
    for (const [i, quant] of quants.entries()) {
      const half = i >> 7;
      const run = (i >> 5) & 3;
      const place = i & 31;
      const at = half * 64 + (run & 1) * 32 + place;
      low[at] = (low[at] ?? 0) | ((quant & 15) << (run < 2 ? 0 : 4));
      const top = half * 32 + place;
      high[top] = (high[top] ?? 0) | ((quant >> 4) << (2 * run));
    }
    const block = Buffer.concat([low, high, Buffer.from(Int8Array.from(scales)), Buffer.of(0x00, 0x38)]);
    const { tensors } = read(
      ggufBytes({ tensors: [{ name: "q6", dimensions: [256], type: 14, data: block }] }),
    );
    const expected = quants.map((quant, i) => 0.5 * (scales[i >> 4] ?? 0) * (quant - 32) + 0);
    expect(numbersOf(tensors[0])).toEqual(expected);
  });

  test("another alignment", () => {
    const metadata: GgufParts["metadata"] = [["general.alignment", { kind: "u32", value: 64 }]];
    const { tensors } = read(ggufBytes({ alignment: 64, metadata, tensors: [pair, matrix] }));
    expect(tensors[1]?.values).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6));
  });

  test("as many tensors as would read as a safetensors header's first letter", () => {
    const tensors = Array.from({ length: 0x7b }, (_, i) => ({ ...pair, name: `t${i}` }));
    expect(read(ggufBytes({ tensors })).tensors.length).toBe(0x7b);
  });
});

const entry = (key: string): readonly [string, { kind: "u32"; value: number }] => [
  key,
  { kind: "u32", value: 1 },
];

describe("refusing", () => {
  test.each<[string, GgufParts, string]>([
    ["version 1", { version: 1 }, "version 1"],
    ["version 4", { version: 4 }, "version 4"],
    ["a big-endian file", { version: 0x03000000 }, "big-endian"],
    ["2^64-1 tensors", { tensorCount: 2n ** 64n - 1n }, "too many"],
    ["2^64-1 entries", { entryCount: 2n ** 64n - 1n }, "too many"],
    ["more tensors than there are", { tensors: [pair], tensorCount: 9n }, "too long"],
    ["more entries than there are", { metadata: [entry("a")], entryCount: 9n }, "twice"],
    ["a key twice", { metadata: [entry("a"), entry("a")] }, "twice"],
    ["a tensor twice", { tensors: [pair, { ...matrix, name: "pair" }] }, "twice"],
    ["five dimensions", { tensors: [{ ...pair, dimensions: [2, 1, 1, 1, 1] }] }, "more than 4 dimensions"],
    [
      "a product of dimensions beyond 2^64",
      { tensors: [{ ...pair, dimensions: [2n ** 32n, 2n ** 33n] }] },
      "too large",
    ],
    ["data outside the file", { tensors: [{ ...pair, dimensions: [1000] }] }, "outside"],
    ["an offset outside the file", { tensors: [{ ...pair, offset: 2n ** 63n }] }, "outside"],
    ["an offset that wraps around", { tensors: [{ ...pair, offset: 2n ** 64n - 32n }] }, "outside"],
    ["an offset between the lines", { tensors: [{ ...pair, offset: 4n }] }, "not aligned"],
    ["tensors that overlap", { tensors: [matrix, { ...pair, offset: 0n }] }, "overlaps"],
    [
      "a hole",
      {
        tensors: [
          { ...pair, data: new Uint8Array(64) },
          { ...matrix, offset: 64n },
        ],
      },
      "owns",
    ],
    ["a type that is not read", { tensors: [{ ...pair, type: 12 }] }, "Q4_K"],
    ["an unknown type", { tensors: [{ ...pair, type: 4711 }] }, "number 4711"],
    ["rows that are no whole blocks", { tensors: [{ ...pair, dimensions: [33], type: 8 }] }, "whole blocks"],
    [
      "one part of several",
      { metadata: [["split.count", { kind: "u32", value: 3 }]], tensors: [pair] },
      "llama-gguf-split --merge",
    ],
    ["an alignment of 0", { metadata: [["general.alignment", { kind: "u32", value: 0 }]] }, "alignment"],
    ["an alignment of 24", { metadata: [["general.alignment", { kind: "u32", value: 24 }]] }, "alignment"],
    [
      "an alignment in words",
      { metadata: [["general.alignment", { kind: "text", value: "32" + "x" }]] },
      "alignment",
    ],
    [
      "an array longer than the file",
      { metadata: [["a", { kind: "array", element: 4, items: [], count: 2n ** 62n }]] },
      "truncated",
    ],
    ["an array of unknown type", { metadata: [["a", { kind: "array", element: 99, items: [] }]] }, "type 99"],
    [
      "arrays in arrays in arrays",
      {
        metadata: [
          [
            "a",
            {
              kind: "array",
              element: 9,
              items: [Buffer.concat(Array.from({ length: 9 }, () => Buffer.concat([u32(9), u64(1)])))],
            },
          ],
        ],
      },
      "nested too deep",
    ],
  ])("refuses %s", (_name, parts, message) => {
    expectEngineError(() => read(ggufBytes(parts)), "format", message);
  });

  test("refuses a text that reaches beyond the file", () => {
    const bytes = Buffer.concat([Buffer.from("GGUF"), u32(3), u64(0), u64(1), u64(5), Buffer.from("key")]);
    expectEngineError(() => read(bytes), "format", "truncated");
  });

  test("refuses bytes after the last tensor", () => {
    const bytes = Buffer.concat([ggufBytes({ tensors: [pair] }), Buffer.alloc(64)]);
    expectEngineError(() => read(bytes), "format", "follow the last tensor");
  });
});

describe("a vocabulary", () => {
  const rows = (items: readonly string[], types: readonly number[] | undefined): GgufParts => ({
    metadata: [
      ["tokenizer.ggml.model", { kind: "text", value: "rwkv" }],
      ["tokenizer.ggml.tokens", { kind: "array", element: 8, items: items.map(text) }],
      ...(types === undefined
        ? []
        : ([["tokenizer.ggml.token_type", { kind: "array", element: 5, items: types.map(u32) }]] as const)),
    ],
    tensors: [pair],
  });
  const open = (parts: GgufParts) => loadTokenizer(scratch.write("vocabulary.gguf", ggufBytes(parts)));

  test("reads texts as Python writes bytes, and leaves out rows without bytes", () => {
    const tokenizer = open(
      rows(["<s>", "\\x00", "it's", '"', "\\\\n", "\\n", "[PAD6]"], [3, 1, 1, 1, 1, 1, 5]),
    );
    const texts = [1, 2, 3, 4, 5].map((id) => Buffer.from(tokenizer.bytesOf(id) ?? []).toString("latin1"));
    expect(texts).toEqual(["\0", "it's", '"', "\\n", "\n"]);
    expect(tokenizer.size).toBe(6);
    expect(tokenizer.bytesOf(6)).toBeUndefined();
  });

  test.each<[string, GgufParts, string]>([
    [
      "another tokenizer's",
      { metadata: [["tokenizer.ggml.model", { kind: "text", value: "gpt2" }]] },
      "RWKV",
    ],
    ["no tokens", { metadata: [["tokenizer.ggml.model", { kind: "text", value: "rwkv" }]] }, "no tokens"],
    ["an unknown escape", rows(["<s>", "\\q"], undefined), "token 1"],
    ["a backslash at the end", rows(["<s>", "a\\"], undefined), "token 1"],
    ["one type too few", rows(["<s>", "a"], [3]), "number of tokens"],
    ["the same token twice", rows(["<s>", "a", "a"], undefined), "the same token"],
    ["no bytes at all", rows(["<s>"], undefined), "empty"],
  ])("refuses %s", (_name, parts, message) => {
    expectEngineError(() => open(parts), "vocabulary", message);
  });
});
