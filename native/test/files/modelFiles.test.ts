/** One model through every format and back: names, layouts and types of files that are not official. */

import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readTensors, type Tensor, type TensorToWrite, writeSafetensors } from "../../lib/files.js";
import { convertModel, type MatrixType, type ModelFormat, readModelFile } from "../../lib/modelFiles.js";
import { loadTokenizer } from "../../lib/tokenizer.js";
import type { WeightType } from "../../lib/types.js";
import { numbersOf, openEngine, scoreOf } from "../engineFixture.js";
import { expectEngineErrorAsync } from "../expectEngineError.js";
import { scratchFolder } from "../scratchFolder.js";
import { randomTensors, randomTokens, SMALL, writeModel } from "../smallModel.js";
import { vocabularyText, withSingleBytes } from "../tinyVocabulary.js";
import { dequantised } from "./ggmlBlocks.js";

const scratch = scratchFolder();
const engine = openEngine();
/** Rows of the matrices are whole blocks of 32. */
const SHAPE = { ...SMALL, ffnWidth: 224 };
const source = writeModel({ folder: scratch.path, shape: SHAPE, seed: 21 });
const original = randomTensors(SHAPE, 21);
const tokens = randomTokens(20, 22);

let written = 0;
async function convert(options: { from?: string; format: ModelFormat; type?: MatrixType }): Promise<string> {
  written += 1;
  const destination = join(scratch.path, `converted-${written}`);
  const { from = source, ...rest } = options;
  const result = await convertModel(engine, { source: from, destination, ...rest });
  expect(result).toEqual({ kind: "finished" });
  return destination;
}

const isMultiplied = ({ name, shape }: TensorToWrite) => shape.length === 2 && name.endsWith(".weight");

/** Comparing large arrays by `toEqual` takes seconds. */
function firstDifference(found: Tensor["values"] | undefined, expected: Float32Array): number | undefined {
  if (found?.length !== expected.length) return -1;
  const index = expected.findIndex((value, i) => value !== found[i]);
  return index === -1 ? undefined : index;
}

function expectTensors(path: string, expected: readonly TensorToWrite[]) {
  const { tensors } = readTensors(path);
  expect(tensors.map(({ name }) => name).sort()).toEqual(expected.map(({ name }) => name).sort());
  for (const { name, shape, values } of expected) {
    const found = tensors.find((tensor) => tensor.name === name);
    expect(found?.shape, name).toEqual(shape);
    expect(firstDifference(found?.values, values), name).toBeUndefined();
  }
}

async function scoresOf(path: string, weights?: WeightType) {
  return numbersOf(await scoreOf(await engine.loadModel({ path, ...(weights && { weights }) }), { tokens }));
}

describe("a model in another format", () => {
  test.each<ModelFormat>(["gguf", "fla", "safetensors"])("%s comes back as it was", async (format) => {
    const converted = await convert({ format });
    expectTensors(await convert({ from: converted, format: "safetensors" }), original);
  });

  test.each<ModelFormat>(["gguf", "fla"])("%s computes the same", async (format) => {
    expect(await scoresOf(await convert({ format }))).toEqual(await scoresOf(source));
  });

  test.each<MatrixType>(["q8_0", "q4_0"])("GGUF in %s holds the values of ggml's rounding", async (type) => {
    const converted = await convert({ format: "gguf", type });
    const expected = original.map((tensor) =>
      isMultiplied(tensor) ? { ...tensor, values: dequantised(tensor.values, type) } : tensor,
    );
    expectTensors(await convert({ from: converted, format: "safetensors" }), expected);
    expect(readModelFile(converted).matrixType).toBe(type.toUpperCase());
  });

  test.each<MatrixType>(["f16", "bf16", "q8_0", "q4_0"])(
    "GGUF in %s computes what its numbers do in float32",
    async (type) => {
      const narrow = await convert({ format: "gguf", type });
      const wide = await convert({ from: narrow, format: "safetensors" });
      const [found, expected] = await Promise.all([scoresOf(narrow, "f32"), scoresOf(wide, "f32")]);
      expect(found).toEqual(expected);
      expect(found).not.toEqual(await scoresOf(source, "f32"));
    },
  );

  test.each<MatrixType>(["q8_0", "q4_0"])("quantising %s again changes nothing", async (type) => {
    const once = await convert({ format: "gguf", type });
    const wide = await convert({ from: once, format: "safetensors" });
    const twice = await convert({ from: wide, format: "gguf", type });
    expect(readTensors(twice).hash).toBe(readTensors(once).hash);
  });

  test.each<MatrixType>(["f16", "bf16"])("matrices become %s and vectors stay", async (type) => {
    for (const format of ["gguf", "safetensors", "fla"] as const) {
      const file = readModelFile(await convert({ format, type }));
      expect(file.matrixType).toBe(type.toUpperCase());
      const types = new Map(file.tensors.map(({ name, dtype }) => [name, dtype]));
      expect(types.get("emb.weight")).toBe(type.toUpperCase());
      expect(types.get("blocks.1.att.w0")).toBe("F32");
    }
  });

  test("rows that are no whole blocks stay as they are", async () => {
    const path = writeModel({ folder: scratch.path, shape: SMALL, seed: 23 });
    const file = readModelFile(await convert({ from: path, format: "gguf", type: "q8_0" }));
    const types = new Map(file.tensors.map(({ name, dtype }) => [name, dtype]));
    expect(types.get("blocks.0.ffn.value.weight")).toBe("F32");
    expect(types.get("blocks.0.ffn.key.weight")).toBe("Q8_0");
  });

  test("a model of one layer has no value residual anywhere", async () => {
    const shape = { ...SHAPE, layers: 1, loraRanks: { ...SHAPE.loraRanks, v: 0 } };
    const path = writeModel({ folder: scratch.path, shape, seed: 24 });
    const converted = await convert({ from: path, format: "gguf" });
    expectTensors(await convert({ from: converted, format: "safetensors" }), randomTensors(shape, 24));
  });
});

describe("other writers' files", () => {
  test("older fla files have the six mix vectors in one tensor", async () => {
    const { tensors } = readTensors(await convert({ format: "fla" }));
    const mixes = ["r", "w", "k", "v", "a", "g"];
    const fused = [0, 1, 2].map((layer) => {
      const values = mixes.map((mix) => {
        const tensor = tensors.find(({ name }) => name === `model.layers.${layer}.attn.x_${mix}`);
        return Array.from(tensor?.values ?? [], Number);
      });
      const name = `model.layers.${layer}.attn.x_x`;
      return {
        name,
        dtype: "F32" as const,
        shape: [6, SHAPE.width],
        values: Float32Array.from(values.flat()),
      };
    });
    const others = tensors.flatMap(({ name, shape, values }) =>
      /attn\.x_/.test(name) || !(values instanceof Float32Array)
        ? []
        : [{ name, dtype: "F32" as const, shape, values }],
    );
    const path = join(scratch.path, "older-fla.safetensors");
    writeSafetensors({ path, tensors: [...others, ...fused] });
    expectTensors(await convert({ from: path, format: "safetensors" }), original);
  });

  test("fla files in several shards are one model", async () => {
    const { tensors } = readTensors(await convert({ format: "fla" }));
    const floats = tensors.flatMap(({ name, shape, values }) =>
      values instanceof Float32Array ? [{ name, dtype: "F32" as const, shape, values }] : [],
    );
    const names = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
    const map: Record<string, string> = {};
    for (const [shard, name] of names.entries()) {
      const part = floats.filter((_, index) => index % 2 === shard);
      writeSafetensors({ path: join(scratch.path, name), tensors: part });
      for (const tensor of part) map[tensor.name] = name;
    }
    const index = scratch.write(
      "model.safetensors.index.json",
      JSON.stringify({ metadata: { total_size: 12, format: "pt" }, weight_map: map }),
    );
    expectTensors(await convert({ from: index, format: "safetensors" }), original);
    expect(await scoresOf(index)).toEqual(await scoresOf(source));
  });

  test.each([
    ["a file in another folder", { "emb.weight": "../model.safetensors" }, "which is no file beside it"],
    ["no files", {}, "names no files"],
  ])("an index is refused that names %s", async (_name, weight_map, text) => {
    const path = scratch.write("bad.index.json", JSON.stringify({ weight_map }));
    await expectEngineErrorAsync(() => engine.loadModel({ path }), "format", text);
  });
});

describe("a conversion", () => {
  test("is refused for blocks outside of GGUF", async () => {
    const options = {
      source,
      destination: join(scratch.path, "never"),
      format: "fla",
      type: "q8_0",
    } as const;
    await expectEngineErrorAsync(() => convertModel(engine, options), "argument", "Q8_0");
  });

  test("tells how far it is, and writes nothing once it is cancelled", async () => {
    const stop = new AbortController();
    const destination = join(scratch.path, "cancelled.gguf");
    let calls = 0;
    const options = {
      source,
      destination,
      format: "gguf",
      signal: stop.signal,
      onProgress: (done: number, total: number) => {
        calls += 1;
        expect(done).toBeLessThan(total);
        stop.abort();
      },
    } as const;
    const result = await convertModel(engine, options);
    expect(calls).toBeGreaterThan(0);
    // A small model may be written before the first news of it arrives.
    if (result.kind === "cancelled")
      expect(() => readTensors(destination)).toThrow(/cannot be opened|no such/i);
  });

  test("is refused where a number is too large for f16", async () => {
    const large = join(scratch.path, "large.safetensors");
    const tensors = original.map((tensor) =>
      tensor.name === "head.weight" ? { ...tensor, values: tensor.values.map(() => 1e6) } : tensor,
    );
    writeSafetensors({ path: large, tensors });
    const options = { source: large, destination: join(scratch.path, "never"), format: "gguf" } as const;
    await expectEngineErrorAsync(
      () => convertModel(engine, { ...options, type: "f16" }),
      "numbers",
      "output.weight",
    );
    await expectEngineErrorAsync(() => convertModel(engine, { ...options, type: "f16" }), "numbers", "F16");
  });
});

describe("the vocabulary inside GGUF", () => {
  const words = ["it's", '"both\' quotes"', "tab\tline\nreturn\r", "back\\slash", "größe", "\u0000"].map(
    (text) => new TextEncoder().encode(text),
  );
  const entries = withSingleBytes([...words.slice(0, 5), Uint8Array.of(0xff, 0xfe), Uint8Array.of(0, 1)]);
  const vocabulary = loadTokenizer(scratch.write("vocab.txt", vocabularyText(entries)));

  test("is the one that was put in", async () => {
    const shape = { ...SHAPE, vocabularySize: 300 };
    const model = writeModel({ folder: scratch.path, shape, seed: 25 });
    const destination = join(scratch.path, "with-vocabulary.gguf");
    await convertModel(engine, {
      source: model,
      destination,
      format: "gguf",
      tokenizer: vocabulary,
      name: "small",
    });
    const inside = loadTokenizer(destination);
    expect(inside.size).toBe(vocabulary.size);
    for (let id = 0; id < inside.size; id += 1)
      expect(inside.bytesOf(id), `${id}`).toEqual(vocabulary.bytesOf(id));
    const text = "tab\tline\nreturn\r it's größe";
    expect(inside.encode(text)).toEqual(vocabulary.encode(text));
    expect(readModelFile(destination).metadata["general.name"]).toBe("small");
  });

  test("is missed with a clear word where there is none", async () => {
    const path = await convert({ format: "gguf" });
    expect(() => loadTokenizer(path)).toThrow(/no vocabulary of an RWKV model/);
  });

  test("is refused where the model has too few rows", async () => {
    const options = { source, destination: join(scratch.path, "never"), format: "gguf" } as const;
    await expectEngineErrorAsync(
      () => convertModel(engine, { ...options, tokenizer: vocabulary }),
      "vocabulary",
      "more tokens than the model has rows",
    );
  });
});
