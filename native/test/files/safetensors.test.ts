import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readTensors, type TensorToWrite, writeSafetensors } from "../../lib/files.js";
import { expectEngineError } from "../expectEngineError.js";
import { scratchFolder } from "../scratchFolder.js";
import { f32, safetensorsBytes } from "./safetensorsBytes.js";

const scratch = scratchFolder();
const read = (bytes: Uint8Array) => readTensors(scratch.write("file.safetensors", bytes));
const write = (tensors: readonly TensorToWrite[], metadata = {}) => {
  const path = join(scratch.path, "written.safetensors");
  writeSafetensors({ path, tensors, metadata });
  return path;
};
const floats = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);

describe("reading", () => {
  test("widens every dtype exactly, and keeps NaN and infinities", () => {
    const parts: [string, Uint8Array, number[]][] = [
      ["F32", floats(1.5, Number.NaN, Number.NEGATIVE_INFINITY), [1.5, Number.NaN, Number.NEGATIVE_INFINITY]],
      ["BF16", Uint8Array.of(0xc0, 0x3f, 0x80, 0xff, 0x01, 0), [1.5, Number.NEGATIVE_INFINITY, 2 ** -133]],
      ["F16", Uint8Array.of(0x00, 0x3e, 0x01, 0x80, 0xff, 0x7b), [1.5, -(2 ** -24), 65504]],
      ["F16", Uint8Array.of(0x00, 0x7c, 0x01, 0x7e, 0, 0x80), [Number.POSITIVE_INFINITY, Number.NaN, -0]],
      ["F64", new Uint8Array(Float64Array.of(0.1).buffer), [0.1]],
      ["I32", new Uint8Array(Int32Array.of(-5, 7).buffer), [-5, 7]],
      ["U32", new Uint8Array(Uint32Array.of(0xffffffff).buffer), [0xffffffff]],
      ["I16", new Uint8Array(Int16Array.of(-300).buffer), [-300]],
      ["U16", new Uint8Array(Uint16Array.of(65535).buffer), [65535]],
      ["I8", Uint8Array.of(255), [-1]],
      ["U8", Uint8Array.of(255), [255]],
      ["BOOL", Uint8Array.of(1, 0), [1, 0]],
    ];
    for (const [dtype, data, expected] of parts) {
      const shape = [1, expected.length];
      const [tensor] = read(
        safetensorsBytes({ x: { dtype, shape, data_offsets: [0, data.length] } }, data),
      ).tensors;
      expect({ dtype, shape: tensor?.shape, values: [...(tensor?.values ?? [])] }).toEqual({
        dtype,
        shape,
        values: expected,
      });
    }
    const big = new BigInt64Array([-(2n ** 63n)]);
    const file = safetensorsBytes(
      { x: { dtype: "I64", shape: [], data_offsets: [0, 8] } },
      new Uint8Array(big.buffer),
    );
    expect(read(file).tensors[0]?.values).toEqual(big);
  });

  test("gives tensors in the order of their data, with metadata and the hash of the file", () => {
    const header = {
      late: f32([1], 4, 8),
      __metadata__: { format: "pt", 'quote"\\\n\u0001': "ü😀" },
      empty: f32([0, 3], 8, 8),
      early: f32([1], 0, 4),
    };
    const bytes = safetensorsBytes(`${JSON.stringify(header)}   `, floats(1, 2));
    const file = read(bytes);
    expect(file.tensors.map(({ name }) => name)).toEqual(["early", "late", "empty"]);
    expect(file.metadata).toEqual(header.__metadata__);
    expect(file.hash).toBe(createHash("sha256").update(bytes).digest("hex"));
  });

  test("hashes files of every length around a block of sha256", () => {
    for (let length = 40; length < 200; length += 1) {
      const bytes = safetensorsBytes("{}".padEnd(length));
      expect(read(bytes).hash).toBe(createHash("sha256").update(bytes).digest("hex"));
    }
  });

  test("understands every escape of JSON strings", () => {
    const header = '{"__metadata__":{"k":"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00"}}';
    expect(read(safetensorsBytes(header)).metadata).toEqual({ k: '"\\/\b\f\n\r\té😀' });
  });
});

describe("refusing", () => {
  const two = floats(1, 2);
  test.each<[string, unknown, Uint8Array, string]>([
    ["an overlap", { a: f32([1], 0, 4), b: f32([1], 0, 4) }, two, "overlaps"],
    ["a partial overlap", { a: f32([2], 0, 8), b: f32([1], 4, 8) }, two, "overlaps"],
    ["a hole", { a: f32([1], 4, 8) }, two, "nothing owns the bytes before"],
    ["bytes after the last tensor", { a: f32([1], 0, 4) }, two, "4 bytes follow"],
    ["an offset beyond the end", { a: f32([3], 0, 12) }, two, "truncated"],
    ["an offset far beyond the end", { a: f32([1], 2 ** 52, 2 ** 52 + 4) }, two, "outside"],
    ["offsets that run backwards", { a: f32([1], 8, 4) }, two, "outside"],
    ["a shape larger than the bytes", { a: f32([4], 0, 8) }, two, "contradict"],
    ["a shape smaller than the bytes", { a: f32([1], 0, 8) }, two, "contradict"],
    ["a shape whose product overflows", { a: f32([2 ** 32, 2 ** 32, 2], 0, 8) }, two, "contradict"],
    ["a shape whose bytes overflow", { a: f32([2 ** 31, 2 ** 31], 0, 0) }, two, "contradict"],
    ["a number beyond 2^53", `{"a":{"dtype":"F32","shape":[18446744073709551617]}}`, two, "too large"],
    ["an unknown dtype", { a: { ...f32([8], 0, 8), dtype: "F8_E4M3" } }, two, "F8_E4M3"],
    ["a missing field", { a: { dtype: "F32", shape: [2] } }, two, "lacks"],
    ["an unknown field", { a: { ...f32([2], 0, 8), x: 1 } }, two, "unknown field"],
    ["three offsets", { a: { dtype: "F32", shape: [2], data_offsets: [0, 4, 8] } }, two, "more than 2"],
    ["one offset", { a: { dtype: "F32", shape: [2], data_offsets: [0] } }, two, "two data offsets"],
    ["too many dimensions", { a: f32(Array(17).fill(1), 0, 8) }, two, "more than 16"],
    ["a negative size", `{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}`, two, "whole number"],
    ["a fraction", `{"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}}`, two, "expected"],
    ["a leading zero", `{"a":{"dtype":"F32","shape":[02],"data_offsets":[0,8]}}`, two, "leading zero"],
    [
      "a tensor named twice",
      `{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`,
      two,
      "twice",
    ],
    [
      "a field named twice",
      `{"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}`,
      two,
      "twice",
    ],
    ["metadata named twice", `{"__metadata__":{"a":"1","a":"2"}}`, new Uint8Array(), "twice"],
    ["metadata that is no text", { __metadata__: { a: 1 } }, new Uint8Array(), "expected"],
    ["text after the header", "{} x", new Uint8Array(), "after the end"],
    ["a header without end", "{", new Uint8Array(), "expected"],
    ["a text without end", '{"a', new Uint8Array(), "does not end"],
    ["a raw control character", '{"a\n":1}', new Uint8Array(), "control character"],
    ["half a surrogate pair", '{"\\ud800":1}', new Uint8Array(), "surrogate"],
    ["an unknown escape", '{"\\x41":1}', new Uint8Array(), "escape"],
    ["deep nesting", `{"a":${"[".repeat(100_000)}`, new Uint8Array(), "expected"],
  ])("refuses %s", (_name, header, data, message) => {
    expectEngineError(() => read(safetensorsBytes(header, data)), "format", message);
  });

  test("refuses text that is not UTF-8", () => {
    const bytes = safetensorsBytes('{"__metadata__":{"k":"?"}}');
    bytes[bytes.indexOf("?")] = 0xff;
    expectEngineError(() => read(bytes), "format", "not UTF-8");
  });

  test.each<[string, Uint8Array, string]>([
    ["an empty file", Buffer.alloc(0), "empty"],
    ["seven bytes", Buffer.alloc(7), "neither"],
    ["a header that begins with nothing", safetensorsBytes(" {}"), "neither"],
    ["a header longer than the file", safetensorsBytes("{}", undefined, 3n), "truncated"],
    ["a header of 2^64-1 bytes", safetensorsBytes("{}", undefined, 2n ** 64n - 1n), "more than"],
    ["another kind of file", Buffer.from("just some text, no model at all"), "neither"],
    ["a Git LFS pointer", Buffer.from("version https://git-lfs.github.com/spec/v1\n"), "Git LFS"],
  ])("refuses %s", (_name, bytes, message) => {
    expectEngineError(() => read(bytes), "format", message);
  });

  test("names the file and shows no control characters of hostile names", () => {
    const name = `\u001b[2J${"x".repeat(1000)}`;
    const path = scratch.write("hostile.safetensors", safetensorsBytes({ [name]: f32([1], 0, 8) }, two));
    expectEngineError(() => readTensors(path), "format", `${path}: tensor \`?[2Jxxx`);
  });

  test("refuses paths that are no readable file", () => {
    expectEngineError(() => readTensors(join(scratch.path, "missing")), "file", "missing: cannot be read");
    expectEngineError(() => readTensors(scratch.path), "file", "it is a folder");
  });
});

describe("writing", () => {
  const name = fc.string({ unit: "grapheme", maxLength: 12 }).filter((text) => text !== "__metadata__");
  const tensor = fc
    .record({
      name,
      dtype: fc.constantFrom("F32" as const, "BF16" as const),
      shape: fc.array(fc.nat(4), { maxLength: 4 }),
      bits: fc.infiniteStream(fc.nat(0xffffffff)),
    })
    .map(({ bits, ...rest }): TensorToWrite => {
      const count = rest.shape.reduce((product, size) => product * size, 1);
      return { ...rest, values: new Float32Array(Uint32Array.from([...bits.take(count)]).buffer) };
    });
  const bitsOf = (values: ArrayLike<number>) => [...new Uint32Array(Float32Array.from(values).buffer)];
  const isNaNBits = (bits: number) => (bits & 0x7fffffff) > 0x7f800000;

  test("then reading gives the same tensors and metadata", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(tensor, { maxLength: 6, selector: (item) => item.name }),
        fc.dictionary(name, name),
        (tensors, metadata) => {
          const file = readTensors(write(tensors, metadata));
          expect(file.metadata).toEqual({ ...metadata });
          const inOrder = [...tensors].sort((a, b) => Number(b.dtype === "F32") - Number(a.dtype === "F32"));
          expect(file.tensors.map((item) => item.name)).toEqual(inOrder.map((item) => item.name));
          inOrder.forEach((expected, i) => {
            const actual = file.tensors[i];
            expect({ dtype: actual?.dtype, shape: actual?.shape }).toEqual({
              dtype: expected.dtype,
              shape: expected.shape,
            });
            const values = (actual?.values ?? []) as Float32Array;
            if (expected.dtype === "F32") expect(bitsOf(values)).toEqual(bitsOf(expected.values));
          });
        },
      ),
      { numRuns: 100 },
    );
  });

  test("rounds to bf16 to nearest, ties to even, and keeps NaN", () => {
    const cases: [number, number][] = [
      [0x3f800000, 0x3f800000],
      [0x3f808000, 0x3f800000], // tie, even below
      [0x3f818000, 0x3f820000], // tie, even above
      [0x3f808001, 0x3f810000],
      [0xbf807fff, 0xbf800000],
      [0x7f7fffff, 0x7f800000], // overflows to infinity
      [0x00000001, 0x00000000],
      [0x80008001, 0x80010000],
      [0x7f800000, 0x7f800000],
    ];
    const values = new Float32Array(Uint32Array.from(cases, ([from]) => from).buffer);
    const [rounded] = readTensors(
      write([{ name: "x", dtype: "BF16", shape: [cases.length], values }]),
    ).tensors;
    expect(bitsOf((rounded?.values ?? []) as Float32Array)).toEqual(cases.map(([, to]) => to));

    const nans = new Float32Array(Uint32Array.of(0x7f800001, 0xffffffff, 0x7fc00000).buffer);
    const path = write([{ name: "x", dtype: "BF16", shape: [3], values: nans }]);
    const stored = readFileSync(path).subarray(-6);
    for (let i = 0; i < 3; i += 1) expect(isNaNBits(stored.readUInt16LE(2 * i) << 16)).toBe(true);
  });

  test("aligns the data to 64 bytes", () => {
    for (let length = 0; length < 70; length += 1) {
      const bytes = readFileSync(
        write([{ name: "x".repeat(length), dtype: "F32", shape: [], values: Float32Array.of(1) }]),
      );
      expect(bytes.length % 64).toBe(4);
    }
  });

  test.each<[string, readonly Partial<TensorToWrite>[], string]>([
    ["a name used twice", [{}, {}], "twice"],
    ["the reserved name", [{ name: "__metadata__" }], "reserved"],
    ["a shape that does not fit", [{ shape: [3] }], "shape"],
  ])("refuses %s, and leaves the old file as it was", (_name, changes, message) => {
    const path = write([{ name: "old", dtype: "F32", shape: [], values: Float32Array.of(1) }]);
    const before = readFileSync(path);
    const tensors = changes.map((change) => ({
      name: "x",
      dtype: "F32" as const,
      shape: [2],
      values: Float32Array.of(1, 2),
      ...change,
    }));
    expectEngineError(() => writeSafetensors({ path, tensors }), "argument", message);
    expect(readFileSync(path)).toEqual(before);
  });

  test("says when it cannot write, and leaves no temporary file behind", () => {
    const tensors: TensorToWrite[] = [{ name: "x", dtype: "F32", shape: [], values: Float32Array.of(1) }];
    const missing = join(scratch.path, "missing", "file.safetensors");
    expectEngineError(() => writeSafetensors({ path: missing, tensors }), "file", "cannot be written");

    const folder = join(scratch.path, "folder");
    mkdirSync(join(folder, "taken"), { recursive: true });
    writeFileSync(join(folder, "taken", "something"), "");
    expectEngineError(
      () => writeSafetensors({ path: join(folder, "taken"), tensors }),
      "file",
      "cannot be replaced",
    );
    expect(readdirSync(folder)).toEqual(["taken"]);
  });
});
