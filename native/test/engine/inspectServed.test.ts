/** What inspection shows of serving: the rounding of matrices against blocks as ggml defines them, logits with a LoRA. */

import { expect, test } from "vitest";
import { type LoraTensors, nativeInspector, type RoundingError } from "../../lib/inspect.js";
import { WEIGHT_TYPES, type WeightType } from "../../lib/types.js";
import { maxDifference } from "../engineFixture.js";
import { expectEngineError } from "../expectEngineError.js";
import { dequantised } from "../files/ggmlBlocks.js";
import { scratchFolder } from "../scratchFolder.js";
import { seededRandom } from "../seededRandom.js";
import { randomTensors, randomTokens, sizeOf, TINY, writeModel } from "../smallModel.js";

const SEED = 23;
const folder = scratchFolder();
const path = writeModel({ folder: folder.path, shape: TINY, seed: SEED });
const model = nativeInspector().openInspect({ path });
const tokens = randomTokens(40, 5);

const tensors = new Map(
  randomTensors(TINY, SEED).map(({ name, shape, values }) => [
    name,
    { shape, values: Float32Array.from(values, Number) },
  ]),
);

function errorOf(errors: readonly RoundingError[], name: string): RoundingError {
  const found = errors.find((error) => error.name === name);
  if (!found) throw new Error(`no rounding error of ${name}`);
  return found;
}

/** |W - W'| / |W| of values whose rows are whole blocks of 32. */
function naiveError(values: Float32Array, type: string): number {
  const kept = dequantised(values, type);
  const squares = (of: (value: number, i: number) => number) =>
    values.reduce((sum, value, i) => sum + of(value, i) ** 2, 0);
  return Math.sqrt(squares((value, i) => value - (kept[i] ?? Number.NaN)) / squares((value) => value));
}

/** As its rows are packed: a factor stands the other way round in its file. */
function transposed(shape: readonly number[], values: Float32Array): Float32Array {
  const [rows = 0, columns = 0] = shape;
  return values.map((_, i) => values[(i % rows) * columns + Math.floor(i / rows)] ?? Number.NaN);
}

test("names every matrix that is served packed, once", () => {
  const matrix = /^head\.weight$|\.att\.[wavg][12]$|\.(receptance|key|value|output)\.weight$/;
  const expected = [...tensors.keys()].filter((name) => matrix.test(name));
  const names = model.roundingErrors({ weights: "q8" }).map(({ name }) => name);
  expect(names.toSorted()).toEqual(expected.toSorted());
});

test.each([
  ["q8", "q8_0"],
  ["q4", "q4_0"],
] as const)("%s rounds matrices as ggml's %s does", (weights, type) => {
  const errors = model.roundingErrors({ weights });
  for (const name of ["blocks.0.att.key.weight", "blocks.1.ffn.value.weight", "blocks.1.att.w1"]) {
    const { shape, values } = tensors.get(name) ?? { shape: [], values: new Float32Array() };
    const packed = name.endsWith("w1") ? transposed(shape, values) : values;
    const error = errorOf(errors, name);
    expect(error.weights).toBe(weights);
    expect(error.error).toBeCloseTo(naiveError(packed, type), 7);
  }
});

test("f32 loses nothing, bf16 less than its last digit", () => {
  for (const { error } of model.roundingErrors({ weights: "f32" })) expect(error).toBe(0);
  for (const { error } of model.roundingErrors({ weights: "bf16" })) {
    expect(error).toBeGreaterThan(0);
    expect(error).toBeLessThan(2 ** -8);
  }
});

test("the head of a q4 model is q8, and is as large", () => {
  const [q8, q4] = (["q8", "q4"] as const).map((weights) =>
    errorOf(model.roundingErrors({ weights }), "head.weight"),
  );
  expect(q4).toEqual(q8);
  // 50 rows fill 4 panels of 16; a group of 32 weights has a scale of two bytes.
  expect(q8).toMatchObject({ weights: "q8", bytes: 64 * TINY.width * (1 + 2 / 32) });
});

test("errors do not depend on the number of threads", () => {
  const three = nativeInspector().openInspect({ path, threads: 3 });
  expect(three.roundingErrors({ weights: "q4" })).toEqual(model.roundingErrors({ weights: "q4" }));
});

const exact = model.logits({ tokens, mode: "sequence" }).logits;
const served = (weights: WeightType, lora?: LoraTensors) =>
  model.logits({ tokens, mode: "sequence", weights, ...(lora && { lora }) }).logits;

test("logits move the more, the fewer bits a weight has", () => {
  const moved = WEIGHT_TYPES.map((weights) => maxDifference(served(weights), exact));
  expect(moved).toEqual([...moved].sort((a, b) => a - b));
  expect(moved[0]).toBeLessThan(1e-4);
});

test.each(WEIGHT_TYPES)("%s gives the same bits in sequence and step by step", (weights) => {
  expect(model.logits({ tokens, mode: "step", weights }).logits).toEqual(served(weights));
});

test("a LoRA acts on the served network as on the one that trains", () => {
  const random = seededRandom(9);
  const drawn = (shape: readonly number[]) => ({
    shape,
    data: random.normals(sizeOf(shape), { mean: 0, deviation: 0.3 }),
  });
  const lora: LoraTensors = {
    alpha: 4,
    tensors: {
      "blocks.1.att.key.lora_A": drawn([3, TINY.width]),
      "blocks.1.att.key.lora_B": drawn([TINY.width, 3]),
    },
  };
  const adapted = model.logits({ tokens, mode: "sequence", lora }).logits;
  expect(maxDifference(served("f32", lora), adapted)).toBeLessThan(1e-4);
  expect(maxDifference(adapted, exact)).toBeGreaterThan(0.01);
});

test("weights are refused after overrides, and so is what is no type", () => {
  const name = "head.weight";
  const { shape, values: data } = tensors.get(name) ?? { shape: [], values: new Float32Array() };
  const changed = nativeInspector().openInspect({ path, overrides: { [name]: { shape, data } } });
  const asked = { tokens, mode: "sequence", weights: "q8" } as const;
  expectEngineError(() => changed.logits(asked), "argument", "overrides");
  expectEngineError(() => changed.roundingErrors({ weights: "q8" }), "argument", "overrides");
  const unknown = "q5" as WeightType;
  expectEngineError(() => model.logits({ ...asked, weights: unknown }), "argument", "weights");
  expectEngineError(() => model.roundingErrors({ weights: unknown }), "argument", "weights");
});
