/** Checkpoints: which are loaded, with which sizes; which are refused, in which words. Readers: files/*.test.ts. */

import { createHash } from "node:crypto";
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { afterEach, describe, expect, test } from "vitest";
import type { EngineErrorCode } from "../../lib/errors.js";
import { type TensorToWrite, writeSafetensors } from "../../lib/files.js";
import { nativeInspector } from "../../lib/inspect.js";
import { type ModelShape, WEIGHT_TYPES } from "../../lib/types.js";
import { ADAMW, numbersOf, openEngine, scoreOf, sequenceOf } from "../engineFixture.js";
import { expectEngineErrorAsync } from "../expectEngineError.js";
import { scratchFolder } from "../scratchFolder.js";
import { randomTensors, randomTokens, sizeOf, TINY, writeModel } from "../smallModel.js";

const folder = scratchFolder();
const engine = openEngine();
const good = writeModel({ folder: folder.path, shape: TINY, seed: 81 });
const model = await engine.loadModel({ path: good });
const tokens = randomTokens(12, 82);
const expected = numbersOf(await scoreOf(model, { tokens }));

/** Whatever was refused: the engine goes on. */
afterEach(async () => {
  expect(numbersOf(await scoreOf(model, { tokens }))).toEqual(expected);
});

let written = 0;
function write(change: (tensors: TensorToWrite[]) => TensorToWrite[]): string {
  written += 1;
  const path = `${folder.path}/changed-${written}.safetensors`;
  writeSafetensors({ path, tensors: change(randomTensors(TINY, 81)) });
  return path;
}

function tensor(name: string, shape: readonly number[], value = 0.1): TensorToWrite {
  return { name, dtype: "F32", shape, values: new Float32Array(sizeOf(shape)).fill(value) };
}
const without = (name: string) => (tensors: TensorToWrite[]) =>
  tensors.filter((other) => other.name !== name);
const replaced = (replacement: TensorToWrite) => (tensors: TensorToWrite[]) =>
  tensors.map((other) => (other.name === replacement.name ? replacement : other));
const added =
  (...more: TensorToWrite[]) =>
  (tensors: TensorToWrite[]) => [...tensors, ...more];
const renamed = (rename: (name: string) => string) => (tensors: TensorToWrite[]) =>
  tensors.map((other) => ({ ...other, name: rename(other.name) }));

async function expectRefused(path: string, code: EngineErrorCode, text: string) {
  await expectEngineErrorAsync(() => engine.loadModel({ path }), code, text);
  await expectEngineErrorAsync(async () => nativeInspector().openInspect({ path }), code, text);
}

describe("a model is loaded", () => {
  test("with the sizes of its tensors and the hash of its file", () => {
    expect(model.info).toEqual({
      layers: 2,
      width: 64,
      heads: 1,
      headSize: 64,
      vocabularySize: 50,
      ffnWidth: 96,
      loraRanks: TINY.loraRanks,
      parameters: randomTensors(TINY, 81).reduce((sum, { values }) => sum + values.length, 0),
      hash: createHash("sha256").update(readFileSync(good)).digest("hex"),
    });
  });

  /** Some writers store what has no influence. */
  const unused = [
    tensor("blocks.0.att.v0", [1, 1, 64], 9),
    tensor("blocks.0.att.v1", [64, 3], 9),
    tensor("blocks.0.att.v2", [3, 64], 9),
  ];
  test.each([
    ["in another order", (tensors: TensorToWrite[]) => [...tensors].reverse()],
    ["with the prefix of DeepSpeed", renamed((name) => `_forward_module.${name}`)],
    ["with the prefix of a wrapper", renamed((name) => `module.${name}`)],
    ["with block 0's value residual, which nothing uses", added(...unused)],
    [
      "with vectors of one dimension",
      (tensors: TensorToWrite[]) =>
        tensors.map((other) => ({ ...other, shape: other.shape.length === 3 ? [64] : other.shape })),
    ],
  ])("%s, as the same model", async (_name, change) => {
    const path = write(change);
    const loaded = await engine.loadModel({ path });
    expect(numbersOf(await scoreOf(loaded, { tokens }))).toEqual(expected);
  });

  test("and what has no influence has a gradient of zeros and is not trained", async () => {
    const path = write(added(...unused));
    const labels = Int32Array.from(tokens);
    const { gradients } = nativeInspector()
      .openInspect({ path })
      .gradients({ sequences: [{ tokens, labels }] });
    for (const { name, values } of unused) expect(gradients[name]).toEqual(new Float32Array(values.length));
    const loaded = await engine.loadModel({ path });
    expect(loaded.info.parameters).toBe(model.info.parameters + 64 + 2 * 192);
    const trainer = loaded.createTrainer({ parameters: { kind: "whole" }, seed: 1, optimizer: ADAMW });
    await trainer.step({ sequences: [sequenceOf(tokens)], learningRate: 1e-3 });
    const saved = `${folder.path}/without.safetensors`;
    await trainer.saveCheckpoint({ path: saved, precision: "f32" });
    expect((await engine.loadModel({ path: saved })).info.parameters).toBe(model.info.parameters);
  });

  test("in bf16, as the numbers that bf16 holds", async () => {
    const path = write((tensors) => tensors.map((other) => ({ ...other, dtype: "BF16" })));
    const rounded = write((tensors) =>
      tensors.map((other) => ({ ...other, values: other.values.map(roundedToBf16) })),
    );
    const [half, whole] = [await engine.loadModel({ path }), await engine.loadModel({ path: rounded })];
    expect(numbersOf(await scoreOf(half, { tokens }))).toEqual(numbersOf(await scoreOf(whole, { tokens })));
  });

  test("of one layer, which has no value residual", async () => {
    const path = writeModel({ folder: folder.path, shape: { ...TINY, layers: 1 }, seed: 83 });
    const single = await engine.loadModel({ path });
    expect(single.info.layers).toBe(1);
    expect((await scoreOf(single, { tokens })).best).toHaveLength(11);
  });
});

/** To nearest, ties to even. */
function roundedToBf16(value: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, value);
  const bits = view.getUint32(0);
  view.setUint32(0, ((bits + 0x7fff + ((bits >>> 16) & 1)) & 0xffff0000) >>> 0);
  return view.getFloat32(0);
}

describe("refused by name: a model", () => {
  test.each([
    ["x070a's or x070b's", "blocks.1.ffn.s_emb.weight", "DeepEmbed"],
    ["x070b's", "blocks.1.qkv.qq.weight", "x070b"],
    ["x080's", "blocks.0.ffn.enn.weight", "x080"],
    ["x060's", "blocks.0.att.time_maa_x", "x060"],
    ["RWKV-5's", "blocks.0.att.time_mix_k", "RWKV-5"],
    ["RWKV-4's", "blocks.0.att.time_decay", "RWKV-4"],
    ["a Hugging Face conversion's", "model.layers.0.attn.r_proj.weight", "is unknown to it"],
    ["a state-tuning file's", "blocks.0.att.time_state", "State"],
    ["an adapter's", "blocks.0.att.key.lora_A", "adapter"],
    ["nobody's", "blocks.0.att.surprise", "unknown"],
    ["another model's", "encoder.weight", "unknown"],
  ])("with %s tensor %s", async (_whose, name, text) => {
    const path = write(added(tensor(name, [64])));
    await expectRefused(path, "architecture", text);
    await expectRefused(path, "architecture", name);
  });

  test("with a tensor twice, under two prefixes", async () => {
    const twice = tensor("module.ln_out.bias", [64]);
    await expectRefused(write(added(twice)), "architecture", "`ln_out.bias` occurs twice");
  });

  test.each(randomTensors(TINY, 81).map(({ name }) => name))("without %s", async (name) => {
    await expectRefused(write(without(name)), "architecture", `\`${name}\``);
  });

  test("without any tensor", async () => {
    await expectRefused(
      write(() => []),
      "architecture",
      "missing",
    );
  });
});

describe("refused for its shapes: a model", () => {
  const heads = (shape: readonly number[]) => replaced(tensor("blocks.0.att.r_k", shape));
  test.each([
    ["with heads of 32", heads([2, 32]), "64 channels"],
    ["with a head too many", heads([2, 64]), "64 channels"],
    ["with no heads", heads([0, 64]), "64 channels"],
    [
      "with neither heads nor width",
      (tensors: TensorToWrite[]) => heads([0, 64])(replaced(tensor("emb.weight", [50, 0]))(tensors)),
      "64 channels",
    ],
    ["with flat heads", heads([64]), "r_k"],
    ["with an empty vocabulary", replaced(tensor("emb.weight", [0, 64])), "no elements"],
    ["with an empty feed-forward layer", replaced(tensor("blocks.0.ffn.key.weight", [0, 64])), "no elements"],
    ["with an empty rank", replaced(tensor("blocks.0.att.w1", [64, 0])), "no elements"],
    [
      "with a matrix lying on its side",
      replaced(tensor("blocks.1.ffn.key.weight", [64, 96])),
      "blocks.1.ffn.key.weight",
    ],
    [
      "whose head has other rows than its embedding",
      replaced(tensor("head.weight", [49, 64])),
      "head.weight",
    ],
    ["whose ranks differ by layer", replaced(tensor("blocks.1.att.w1", [64, 4])), "blocks.1.att.w1"],
    ["with a vector too short", replaced(tensor("blocks.1.att.x_k", [1, 1, 63])), "blocks.1.att.x_k"],
    [
      "with a hole between its layers",
      renamed((name) => name.replace("blocks.1.", "blocks.2.")),
      "blocks.1.",
    ],
    ["with a layer far out", added(tensor("blocks.300.ln1.weight", [64])), "too many"],
    ["with a layer beyond numbers", added(tensor("blocks.99999999999999999999.ln1.weight", [64])), "unknown"],
  ])("%s", async (_name, change, text) => {
    await expectRefused(write(change), "architecture", text);
  });
});

describe("refused for its numbers: a model", () => {
  test.each([
    ["NaN", Number.NaN],
    ["infinity", Number.POSITIVE_INFINITY],
    ["minus infinity", Number.NEGATIVE_INFINITY],
    ["1e38", 1e38],
    ["the largest of bf16", -3.3895e38],
  ])("with %s in its last weight", async (_name, value) => {
    const path = write((tensors) =>
      tensors.map((other) =>
        other.name === "head.weight"
          ? { ...other, values: other.values.map((v, i) => (i === 3199 ? value : v)) }
          : other,
      ),
    );
    await expectRefused(path, "numbers", "head.weight");
  });

  test.each(WEIGHT_TYPES)("that computes none, served in %s", async (weights) => {
    const large = /ln1.weight|att.key.weight|att.value.weight/;
    const path = write((tensors) =>
      tensors.map((other) =>
        large.test(other.name) ? { ...other, values: other.values.map((value) => value * 1e10) } : other,
      ),
    );
    const text = "the model computes NaN or infinite logits";
    await expectEngineErrorAsync(() => engine.loadModel({ path, weights }), "numbers", text);
  });

  test.each(["emb.weight", "blocks.1.ffn.key.weight", "blocks.0.att.w1", "blocks.0.ln1.weight"])(
    "with NaN at the end of %s",
    async (name) => {
      const path = write((tensors) =>
        tensors.map((other) =>
          other.name === name
            ? { ...other, values: other.values.map((v, i, all) => (i === all.length - 1 ? Number.NaN : v)) }
            : other,
        ),
      );
      await expectRefused(path, "numbers", name);
    },
  );
});

describe("refused as a file", () => {
  test("when it is missing, or a folder", async () => {
    await expectRefused(`${folder.path}/none.pth`, "file", "none.pth");
    await expectRefused(folder.path, "file", folder.path);
  });

  test("when it is truncated anywhere", async () => {
    const bytes = readFileSync(good);
    for (const length of [0, 7, 8, 100, 5000, bytes.length / 2, bytes.length - 1]) {
      const path = folder.write("truncated.safetensors", bytes);
      truncateSync(path, length);
      await expectRefused(path, "format", path);
    }
  });

  test("when it claims more than there is", async () => {
    const header = JSON.stringify({
      "emb.weight": { dtype: "F32", shape: [2 ** 40, 2 ** 40], data_offsets: [0, 2 ** 52] },
    });
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    writeFileSync(`${folder.path}/huge.safetensors`, Buffer.concat([length, Buffer.from(header)]));
    await expectRefused(`${folder.path}/huge.safetensors`, "format", "emb.weight");
  });

  test("when it holds words, or whole numbers", async () => {
    await expectRefused(
      folder.write("words.pth", "import os\nos.system('true')\n".repeat(20)),
      "format",
      "words.pth",
    );
  });
});

describe("a new model", () => {
  const SHAPE: ModelShape = { layers: 2, width: 64, vocabularySize: 50 };
  test("is a function of shape and seed, with the official ranks", async () => {
    const [one, same, other] = await Promise.all(
      [1, 1, 2].map((seed) => engine.initialModel({ shape: SHAPE, seed })),
    );
    expect(one?.info).toMatchObject({ ffnWidth: 256, loraRanks: { w: 32, a: 32, v: 32, g: 32 } });
    expect(same?.info.hash).toBe(one?.info.hash);
    expect(other?.info.hash).not.toBe(one?.info.hash);
  });

  test("knows nothing yet: its time and channel mixing add nothing", async () => {
    const fresh = await engine.initialModel({ shape: SHAPE, seed: 1 });
    const [a, b] = [
      await scoreOf(fresh, { tokens: Uint32Array.of(1, 2, 9) }),
      await scoreOf(fresh, { tokens: Uint32Array.of(7, 2, 9) }),
    ];
    expect(a.logProbabilities[1]).toBe(b.logProbabilities[1]);
  });

  test("can be of one layer", async () => {
    const single = await engine.initialModel({ shape: { ...SHAPE, layers: 1 }, seed: 1 });
    expect([...(await scoreOf(single, { tokens })).logProbabilities].every(Number.isFinite)).toBe(true);
  });

  test.each<[string, Partial<ModelShape>]>([
    ["no layers", { layers: 0 }],
    ["too many layers", { layers: 257 }],
    ["a width that is no multiple of 64", { width: 96 }],
    ["no width", { width: 0 }],
    ["a width beyond use", { width: 2 ** 20 }],
    ["a vocabulary of one", { vocabularySize: 1 }],
    ["a vocabulary beyond use", { vocabularySize: 2 ** 40 }],
    ["an ffn width beyond memory", { ffnWidth: 2 ** 52 }],
    ["an ffn width that wraps around", { width: 2 ** 14, ffnWidth: 2 ** 50 }],
    ["a rank beyond memory", { loraRanks: { w: 2 ** 52, a: 1, v: 1, g: 1 } }],
    ["a layer count below nothing", { layers: -1 }],
    ["half a layer", { layers: 1.5 }],
  ])("cannot have %s", async (_name, change) => {
    const making = () => engine.initialModel({ shape: { ...SHAPE, ...change }, seed: 1 });
    await expectEngineErrorAsync(making, "argument");
  });
});

test("loading is given up when it was aborted", async () => {
  const signal = AbortSignal.abort(new Error("another model was chosen"));
  await expect(engine.loadModel({ path: good, signal })).rejects.toThrow("another model was chosen");
});
