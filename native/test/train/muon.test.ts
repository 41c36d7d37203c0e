/** Muon: what one update is, against the published iteration in double precision, and what a Trainer makes of it. */

import { describe, expect, test } from "vitest";
import { readTensors } from "../../lib/files.js";
import { type MuonUpdate, nativeInspector } from "../../lib/inspect.js";
import { instructionSets } from "../../lib/kernels.js";
import type { MuonOptions, OptimizerOptions, TrainedParameters, Trainer } from "../../lib/types.js";
import { ADAMW, maxDifference, openEngine, sequenceOf } from "../engineFixture.js";
import { expectEngineErrorAsync } from "../expectEngineError.js";
import { scratchFolder } from "../scratchFolder.js";
import { seededRandom } from "../seededRandom.js";
import { byName, randomTensors, randomTokens, SMALL, TINY, writeModel } from "../smallModel.js";

const inspector = nativeInspector();

/** Row-major, in double precision. */
interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float64Array;
}

function matrixOf(rows: number, columns: number, at: (i: number, j: number) => number): Matrix {
  const data = Float64Array.from({ length: rows * columns }, (_, index) =>
    at(Math.floor(index / columns), index % columns),
  );
  return { rows, columns, data };
}
const element = (matrix: Matrix, i: number, j: number) => matrix.data[i * matrix.columns + j] ?? Number.NaN;
const transposed = (matrix: Matrix) => matrixOf(matrix.columns, matrix.rows, (i, j) => element(matrix, j, i));
function product(a: Matrix, b: Matrix): Matrix {
  return matrixOf(a.rows, b.columns, (i, j) => {
    let sum = 0;
    for (let k = 0; k < a.columns; k += 1) sum += element(a, i, k) * element(b, k, j);
    return sum;
  });
}

/** As published: X itself is carried on. */
function orthogonalized(matrix: Matrix, iterations: number): Matrix {
  if (matrix.rows > matrix.columns) return transposed(orthogonalized(transposed(matrix), iterations));
  const norm = Math.hypot(...matrix.data) + 1e-7;
  let x = matrixOf(matrix.rows, matrix.columns, (i, j) => element(matrix, i, j) / norm);
  for (let iteration = 0; iteration < iterations; iteration += 1) {
    const gram = product(x, transposed(x));
    const square = product(gram, gram);
    const factor = matrixOf(
      x.rows,
      x.rows,
      (i, j) => -4.775 * element(gram, i, j) + 2.0315 * element(square, i, j),
    );
    const moved = product(factor, x);
    const before = x;
    x = matrixOf(x.rows, x.columns, (i, j) => 3.4445 * element(before, i, j) + element(moved, i, j));
  }
  return x;
}

function reference(update: MuonUpdate): { parameter: Float64Array; momentum: Float64Array } {
  const { rows, columns, learningRate, muon } = update;
  const { momentum: mu = 0.95, weightDecay = 0, learningRateScale = 1, iterations = 5 } = muon;
  const momentum = Float64Array.from(
    update.momentum,
    (m, i) => mu * m + (1 - mu) * (update.gradient[i] ?? 0),
  );
  const nesterov = momentum.map((m, i) => mu * m + (1 - mu) * (update.gradient[i] ?? 0));
  const direction = orthogonalized({ rows, columns, data: nesterov }, iterations);
  const rate = learningRate * learningRateScale;
  const step = rate * 0.2 * Math.sqrt(Math.max(rows, columns));
  const parameter = Float64Array.from(
    update.parameter,
    (p, i) => p * (1 - rate * weightDecay) - step * (direction.data[i] ?? 0),
  );
  return { parameter, momentum };
}

/** By Jacobi rotations of the smaller Gram matrix, largest first. */
function singularValues(matrix: Matrix): number[] {
  const x = matrix.rows > matrix.columns ? transposed(matrix) : matrix;
  const gram = product(x, transposed(x));
  const n = gram.rows;
  const at = (i: number, j: number) => element(gram, i, j);
  const put = (i: number, j: number, value: number) => {
    gram.data[i * n + j] = value;
  };
  for (let sweep = 0; sweep < 12; sweep += 1) {
    for (let p = 0; p < n; p += 1) {
      for (let q = p + 1; q < n; q += 1) {
        if (Math.abs(at(p, q)) < 1e-14) continue;
        const theta = (at(q, q) - at(p, p)) / (2 * at(p, q));
        const t = Math.sign(theta || 1) / (Math.abs(theta) + Math.hypot(theta, 1));
        const c = 1 / Math.hypot(t, 1);
        const s = t * c;
        for (let k = 0; k < n; k += 1) {
          const [kp, kq] = [at(k, p), at(k, q)];
          put(k, p, c * kp - s * kq);
          put(k, q, s * kp + c * kq);
        }
        for (let k = 0; k < n; k += 1) {
          const [pk, qk] = [at(p, k), at(q, k)];
          put(p, k, c * pk - s * qk);
          put(q, k, s * pk + c * qk);
        }
      }
    }
  }
  return Array.from({ length: n }, (_, i) => Math.sqrt(Math.max(0, at(i, i)))).sort((a, b) => b - a);
}

/** Singular values that fall from 1 to `least`, as a gradient's do. */
function gradientLike(rows: number, columns: number, seed: number, least: number): Float32Array {
  const random = seededRandom(seed);
  const side = Math.min(rows, columns);
  const normals = (count: number) => random.normals(count, { mean: 0, deviation: 1 });
  const [left, right] = [normals(rows * side), normals(side * columns)];
  const scaled = matrixOf(side, columns, (i, j) => (right[i * columns + j] ?? 0) * least ** (i / side));
  return Float32Array.from(product({ rows, columns: side, data: Float64Array.from(left) }, scaled).data);
}

function updateOf(rows: number, columns: number, change: Partial<MuonUpdate> = {}): MuonUpdate {
  const random = seededRandom(rows * 1000 + columns);
  return {
    rows,
    columns,
    parameter: random.normals(rows * columns, { mean: 0, deviation: 0.1 }),
    gradient: gradientLike(rows, columns, rows + columns, 0.01),
    momentum: random.normals(rows * columns, { mean: 0, deviation: 0.5 }),
    learningRate: 0.01,
    muon: { weightDecay: 0.1 },
    threads: 1,
    ...change,
  };
}

const SHAPES = [
  [1, 1],
  [1, 70],
  [17, 17],
  [16, 64],
  [64, 16],
  [65, 96],
  [96, 65],
  [128, 128],
  [60, 200],
] as const;

describe("one update", () => {
  test.each(SHAPES)("of %i x %i is the published one in double precision", (rows, columns) => {
    for (const instructionSet of instructionSets()) {
      const update = updateOf(rows, columns, { instructionSet });
      const expected = reference(update);
      const actual = inspector.muon(update);
      expect(maxDifference(actual.momentum, expected.momentum)).toBeLessThan(1e-6);
      // A step moves elements by about 0.002.
      expect(maxDifference(actual.parameter, expected.parameter)).toBeLessThan(2e-6);
    }
  });

  test.each<[string, MuonOptions]>([
    ["plain momentum of another length", { momentum: 0.5 }],
    ["no momentum", { momentum: 0 }],
    ["another rate", { learningRateScale: 3, weightDecay: 0.2 }],
    ["one iteration", { iterations: 1 }],
    ["three iterations", { iterations: 3 }],
  ])("follows its options: %s", (_name, muon) => {
    const update = updateOf(48, 80, { muon });
    const actual = inspector.muon(update);
    expect(maxDifference(actual.parameter, reference(update).parameter)).toBeLessThan(4e-6);
    const plain = inspector.muon(updateOf(48, 80, { muon: {} }));
    expect(maxDifference(actual.parameter, plain.parameter)).toBeGreaterThan(1e-5);
  });

  test.each([
    [128, 128],
    [64, 256],
    [256, 64],
  ])("of %i x %i has singular values of about 1, and elements of the size of AdamW's", (rows, columns) => {
    const gradient = gradientLike(rows, columns, 5, 0.05);
    const nothing = new Float32Array(rows * columns);
    const update = updateOf(rows, columns, {
      gradient,
      momentum: nothing,
      parameter: nothing,
      learningRate: 1,
    });
    const { parameter } = inspector.muon(update);
    const values = singularValues({ rows, columns, data: Float64Array.from(parameter) });
    const unit = 0.2 * Math.sqrt(Math.max(rows, columns));
    expect((values[0] ?? 0) / unit).toBeLessThan(1.25);
    const first = singularValues({ rows, columns, data: Float64Array.from(gradient) });
    const norm = Math.hypot(...gradient);
    const counted = values.filter((_, i) => (first[i] ?? 0) / norm > 0.01);
    expect(counted.length).toBeGreaterThan(values.length / 4);
    expect((counted.at(-1) ?? 0) / unit).toBeGreaterThan(0.65);
    const size = Math.hypot(...parameter) / Math.sqrt(rows * columns);
    expect(size).toBeGreaterThan(0.1);
    expect(size).toBeLessThan(0.25);
  });

  test("of a gradient of rank one, or of almost nothing, stays finite and small", () => {
    const outer = Float32Array.from(
      { length: 96 * 96 },
      (_, i) => Math.sin(Math.floor(i / 96)) * Math.cos(i % 96),
    );
    for (const scale of [1, 1e-12, 0, 1e18]) {
      const gradient = outer.map((value) => value * scale);
      const nothing = new Float32Array(96 * 96);
      const update = updateOf(96, 96, { gradient, momentum: nothing, parameter: nothing, learningRate: 1 });
      const { parameter } = inspector.muon(update);
      // One singular value of about 1 at most.
      expect(Math.hypot(...parameter)).toBeLessThan(1.25 * 0.2 * Math.sqrt(96));
    }
  });

  test("has the same bits for any number of threads", () => {
    for (const [rows, columns] of [
      [130, 130],
      [128, 512],
      [300, 96],
    ] as const) {
      const one = inspector.muon(updateOf(rows, columns));
      for (const threads of [2, 3, 5])
        expect(inspector.muon(updateOf(rows, columns, { threads }))).toEqual(one);
    }
  });
});

const folder = scratchFolder();
const path = writeModel({ folder: folder.path, shape: TINY, seed: 81 });
const engine = openEngine({ threads: 2, precision: "f32" });
const model = await engine.loadModel({ path });
const OPTIMIZER: OptimizerOptions = { ...ADAMW, weightDecay: 0.1, clip: 1, groups: "official", muon: {} };
const SEQUENCES = [sequenceOf(randomTokens(34, 82)), sequenceOf(randomTokens(18, 83))];
const IS_HIDDEN = /^blocks\.\d+\.(att\.(receptance|key|value|output)|ffn\.(key|value))\.weight$/;

function createTrainer(optimizer: OptimizerOptions = OPTIMIZER, of = model): Trainer {
  return of.createTrainer({ parameters: { kind: "whole" }, seed: 1, optimizer });
}

async function train(trainer: Trainer, steps: number, learningRate = 3e-3): Promise<number[]> {
  const losses: number[] = [];
  for (let step = 0; step < steps; step += 1) {
    const result = await trainer.step({ sequences: SEQUENCES, learningRate });
    losses.push(result.kind === "finished" ? result.loss : Number.NaN);
  }
  return losses;
}

let saved = 0;
async function savedTensors(trainer: Trainer): Promise<Map<string, Float32Array>> {
  saved += 1;
  const file = `${folder.path}/muon-${saved}.safetensors`;
  await trainer.save({ path: file });
  return new Map(readTensors(file).tensors.map(({ name, values }) => [name, values as Float32Array]));
}

describe("a Trainer with Muon", () => {
  test("moves hidden matrices by Muon and everything else as AdamW alone does", async () => {
    const [mixed, plain] = [
      createTrainer(),
      createTrainer({ ...ADAMW, weightDecay: 0.1, clip: 1, groups: "official" }),
    ];
    const [before, first] = [
      byName(randomTensors(TINY, 81)),
      await mixed.step({ sequences: SEQUENCES, learningRate: 3e-3 }),
    ];
    await train(plain, 1);
    const [actual, adamw] = [await savedTensors(mixed), await savedTensors(plain)];
    const clip = first.kind === "finished" ? Math.min(1, 1 / (first.gradientNorm + 1e-6)) : Number.NaN;
    expect(clip).toBeLessThan(1);
    let hidden = 0;
    for (const [name, { shape, data }] of Object.entries(before)) {
      const moved = actual.get(`parameter.${name}`) ?? new Float32Array();
      const [rows = 0, columns = 0] = shape;
      if (!IS_HIDDEN.test(name)) {
        expect(maxDifference(moved, adamw.get(`parameter.${name}`) ?? []), name).toBe(0);
        continue;
      }
      hidden += 1;
      // AdamW's first moment after one step is a tenth of the clipped gradient.
      const gradient = (adamw.get(`m.${name}`) ?? new Float32Array()).map((m) => m / (1 - 0.9));
      const nothing = new Float32Array(gradient.length);
      const update = updateOf(rows, columns, {
        parameter: data,
        gradient,
        momentum: nothing,
        learningRate: 3e-3,
      });
      const expected = reference(update);
      expect(maxDifference(moved, expected.parameter), name).toBeLessThan(4e-6);
      expect(maxDifference(actual.get(`m.${name}`) ?? [], expected.momentum), name).toBeLessThan(1e-6);
      expect(actual.has(`v.${name}`), name).toBe(false);
    }
    expect(hidden).toBe(6 * TINY.layers);
  });

  test("learns a batch", async () => {
    const losses = await train(createTrainer(), 30);
    expect(losses.at(-1) ?? 0).toBeLessThan((losses[0] ?? 0) / 2);
  });

  test("has the same bits for any number of threads", async () => {
    const wide = writeModel({ folder: folder.path, shape: SMALL, seed: 84 });
    const results: Map<string, Float32Array>[] = [];
    for (const threads of [1, 3]) {
      const other = openEngine({ threads });
      const trainer = createTrainer(OPTIMIZER, await other.loadModel({ path: wide }));
      await train(trainer, 3);
      results.push(await savedTensors(trainer));
    }
    const [one, three] = results;
    expect(one?.size).toBeGreaterThan(0);
    expect(three).toEqual(one);
  });

  test("goes on from its saved state with the same bits", async () => {
    const whole = createTrainer();
    const losses = await train(whole, 6);
    const first = createTrainer();
    await train(first, 3);
    const file = `${folder.path}/state.safetensors`;
    await first.save({ path: file });
    const second = createTrainer();
    await second.restore({ path: file });
    expect(second.steps).toBe(3);
    expect(await train(second, 3)).toEqual(losses.slice(3));
    expect(await savedTensors(second)).toEqual(await savedTensors(whole));
  });

  test("refuses the state of a training with AdamW alone, and is refused by one, both unharmed", async () => {
    const { muon: _, ...adamw } = OPTIMIZER;
    const file = `${folder.path}/other.safetensors`;
    for (const [from, to, words] of [
      [OPTIMIZER, adamw, "with Muon"],
      [adamw, OPTIMIZER, "AdamW"],
    ] as const) {
      const [source, target] = [createTrainer(from), createTrainer(to)];
      await train(source, 1);
      await source.save({ path: file });
      const before = await savedTensors(target);
      await expectEngineErrorAsync(() => target.restore({ path: file }), "adapter", words);
      expect(await savedTensors(target)).toEqual(before);
    }
  });

  test.each<[string, MuonOptions]>([
    ["a momentum of 1", { momentum: 1 }],
    ["a momentum below 0", { momentum: -0.1 }],
    ["a momentum that is no number", { momentum: Number.NaN }],
    ["an endless rate", { learningRateScale: Number.POSITIVE_INFINITY }],
    ["an endless decay", { weightDecay: Number.POSITIVE_INFINITY }],
    ["no iteration", { iterations: 0 }],
    ["more iterations than it has", { iterations: 6 }],
    ["half an iteration", { iterations: 1.5 }],
  ])("is refused with %s", async (_name, muon) => {
    await expectEngineErrorAsync(async () => createTrainer({ ...OPTIMIZER, muon }), "argument");
  });

  test.each<[string, TrainedParameters]>([
    ["a LoRA", { kind: "lora", rank: 3, alpha: 6, targets: ["att.key"] }],
    ["the State", { kind: "state" }],
    ["embedding and head", { kind: "whole", names: ["emb.weight", "head.weight"] }],
  ])("is refused for %s, where it would have nothing to do", async (_name, parameters) => {
    const creating = async () => model.createTrainer({ parameters, seed: 1, optimizer: OPTIMIZER });
    await expectEngineErrorAsync(creating, "argument", "muon");
  });
});
