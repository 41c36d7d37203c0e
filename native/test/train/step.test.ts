/** What one training step does: its loss, its gradient where a closed form is at hand, what it moves and what not. */

import { describe, expect, test } from "vitest";
import { readTensors } from "../../lib/files.js";
import { nativeInspector } from "../../lib/inspect.js";
import type { Model, OptimizerOptions, TrainedParameters, Trainer, TrainSequence } from "../../lib/types.js";
import {
  ADAMW,
  DESCENT,
  DESCENT_UNIT_RATE,
  maxDifference,
  numbersOf,
  openEngine,
  sequenceOf,
} from "../engineFixture.js";
import { expectEngineErrorAsync } from "../expectEngineError.js";
import { scratchFolder } from "../scratchFolder.js";
import { byName, randomTensors, randomTokens, TINY, writeModel } from "../smallModel.js";

const folder = scratchFolder();
const path = writeModel({ folder: folder.path, shape: TINY, seed: 21 });
const parameters = byName(randomTensors(TINY, 21));
const inspect = nativeInspector().openInspect({ path });
// Compared with closed forms, to more digits than bf16 has.
const engine = openEngine({ threads: 2, precision: "f32" });
const model = await engine.loadModel({ path });
const V = TINY.vocabularySize;

interface TrainerRequest {
  readonly trained?: TrainedParameters;
  readonly optimizer?: Partial<OptimizerOptions>;
  readonly of?: Model;
}
function createTrainer({ trained = { kind: "whole" }, optimizer, of = model }: TrainerRequest = {}): Trainer {
  return of.createTrainer({ parameters: trained, seed: 1, optimizer: { ...ADAMW, ...optimizer } });
}

async function stepOf(trainer: Trainer, options: Parameters<Trainer["step"]>[0]) {
  const step = await trainer.step(options);
  if (step.kind === "cancelled") throw new Error("nobody cancelled this step");
  return step;
}

let saved = 0;
/** The trained tensors as they stand, exact. */
async function valuesOf(trainer: Trainer): Promise<Map<string, Float32Array>> {
  saved += 1;
  const file = `${folder.path}/trainer-${saved}.safetensors`;
  await trainer.save({ path: file });
  const values = new Map<string, Float32Array>();
  for (const tensor of readTensors(file).tensors) {
    if (tensor.name.startsWith("parameter.")) {
      values.set(tensor.name.slice("parameter.".length), tensor.values as Float32Array);
    }
  }
  return values;
}

function logSoftmax(logits: Float32Array): Float64Array {
  const max = Math.max(...logits);
  const logSum = max + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - max), 0));
  return Float64Array.from(logits, (logit) => logit - logSum);
}

describe("the loss", () => {
  const tokens = randomTokens(21, 22);
  const state = model.zeroState();
  /** Some positions count more, some nothing, some are pushed away. */
  const weights = Float32Array.from({ length: 20 }, (_, t) => [1, 0, 2.5, -0.5][t % 4] ?? 0);
  const klWeights = Float32Array.from({ length: 20 }, (_, t) => [0.5, 1, 0][t % 3] ?? 0);
  const other = Uint32Array.from(tokens, (token) => (token * 7 + 3) % V);
  const inputs = tokens.slice(0, 20);

  async function referenceOf(read: Uint32Array) {
    const result = await model.reference({ state, tokens: read });
    if (result.kind === "cancelled") throw new Error("nobody cancelled this reference");
    return result.logits;
  }

  /** Loss and head gradient from logits, as the loss is defined. */
  function closedForm() {
    const { logits } = inspect.logits({ tokens: inputs, mode: "sequence" });
    const reference = inspect.logits({ tokens: other.slice(0, 20), mode: "sequence" }).logits;
    const hidden = inspect.dump({ tokens: inputs }).ln_out ?? new Float32Array();
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const klTotal = klWeights.reduce((sum, weight) => sum + weight, 0);
    const gradient = new Float64Array(V * TINY.width);
    let [crossEntropy, klDivergence] = [0, 0];
    for (let t = 0; t < 20; t += 1) {
      const model = logSoftmax(logits.subarray(t * V, (t + 1) * V));
      const held = logSoftmax(reference.subarray(t * V, (t + 1) * V));
      const target = tokens[t + 1] ?? 0;
      const [w, k] = [(weights[t] ?? 0) / total, (klWeights[t] ?? 0) / klTotal];
      crossEntropy -= w * (model[target] ?? 0);
      for (let v = 0; v < V; v += 1) {
        const [logP, logQ] = [held[v] ?? 0, model[v] ?? 0];
        klDivergence += k * Math.exp(logP) * (logP - logQ);
        const slope = w * (Math.exp(logQ) - (v === target ? 1 : 0)) + k * (Math.exp(logQ) - Math.exp(logP));
        for (let d = 0; d < TINY.width; d += 1) {
          gradient[v * TINY.width + d] =
            (gradient[v * TINY.width + d] ?? 0) + slope * (hidden[t * TINY.width + d] ?? 0);
        }
      }
    }
    return { crossEntropy, klDivergence, gradient };
  }

  test("weighted cross-entropy and KL to a reference: value and gradient are the closed form", async () => {
    const trainer = createTrainer({ trained: { kind: "whole", names: ["head.weight"] }, optimizer: DESCENT });
    const reference = await referenceOf(other.slice(0, 20));
    const step = await stepOf(trainer, {
      sequences: [{ tokens, weights, reference, klWeights }],
      learningRate: DESCENT_UNIT_RATE,
    });
    const expected = closedForm();
    expect(step.crossEntropy).toBeCloseTo(expected.crossEntropy, 5);
    expect(step.klDivergence).toBeCloseTo(expected.klDivergence, 5);
    expect(step.loss).toBe(step.crossEntropy + step.klDivergence);
    const after = (await valuesOf(trainer)).get("head.weight");
    const moved = parameters["head.weight"]?.data.map((value, i) => value - (after?.[i] ?? 0));
    const size = Math.hypot(...expected.gradient);
    expect(step.gradientNorm / size).toBeCloseTo(1, 4);
    // What is left of the update after rounding to the parameter: 1e-7 of parameters of the size of 1.
    expect(maxDifference(moved ?? [], expected.gradient)).toBeLessThan(5e-7);
  });

  test("KL to the model's own logits is nothing, and has no gradient", async () => {
    const reference = await referenceOf(inputs);
    const sequences = [
      { tokens, weights: new Float32Array(20), reference, klWeights: klWeights.map(() => 1) },
    ];
    const step = await stepOf(createTrainer(), { sequences, learningRate: 0 });
    expect(Math.abs(step.loss)).toBeLessThan(1e-6);
    expect(step.gradientNorm).toBeLessThan(1e-5);
  });

  test("KL falls when a step follows its gradient, and rises against it, by the gradient's square", async () => {
    const reference = await referenceOf(other.slice(0, 20));
    const sequences = [{ tokens, weights: new Float32Array(20), reference, klWeights }];
    const after = async (rate: number) => {
      const trainer = createTrainer({ optimizer: DESCENT });
      const first = await stepOf(trainer, { sequences, learningRate: rate * DESCENT_UNIT_RATE });
      return { first, second: await stepOf(trainer, { sequences, learningRate: 0 }) };
    };
    const rate = 1e-3;
    const [down, up] = [await after(rate), await after(-rate)];
    const slope = (up.second.klDivergence - down.second.klDivergence) / (2 * rate);
    expect(slope / down.first.gradientNorm ** 2).toBeCloseTo(1, 2);
  });

  test("of a batch is the mean over all its weights, whatever the lengths", async () => {
    const batch: TrainSequence[] = [1, 15, 16, 17, 33].map((length, i) => ({
      tokens: randomTokens(length + 1, 30 + i),
      weights: Float32Array.from({ length }, (_, t) => (t + i) % 3),
    }));
    const trainer = createTrainer();
    let [sum, total] = [0, 0];
    for (const sequence of batch) {
      const own = sequence.weights.reduce((weights, weight) => weights + weight, 0);
      const alone = await stepOf(trainer, { sequences: [sequence], learningRate: 0 });
      sum += own * alone.loss;
      total += own;
    }
    const together = await stepOf(trainer, { sequences: batch, learningRate: 0 });
    expect(together.loss).toBeCloseTo(sum / total, 5);
  });

  test("agrees with the score of the parameters as they stand", async () => {
    const trainer = createTrainer({ trained: LORA });
    const before = numbersOf(await scoreNow(trainer));
    const first = await stepOf(trainer, { sequences: [sequenceOf(tokens)], learningRate: 0.01 });
    const second = await stepOf(trainer, { sequences: [sequenceOf(tokens)], learningRate: 0 });
    const after = await scoreNow(trainer);
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum - value, 0) / values.length;
    expect(first.loss).toBeCloseTo(mean(before.logProbabilities ?? []), 5);
    expect(second.loss).toBeCloseTo(mean([...after.logProbabilities]), 5);
    expect(second.loss).toBeLessThan(first.loss);
  });

  async function scoreNow(trainer: Trainer) {
    const score = await trainer.score({ state, tokens });
    if (score.kind === "cancelled") throw new Error("nobody cancelled this score");
    return score;
  }
});

const LORA: TrainedParameters = { kind: "lora", rank: 3, alpha: 6, targets: ["att.key", "ffn.value"] };
const SEQUENCES = [sequenceOf(randomTokens(34, 41)), sequenceOf(randomTokens(18, 42))];

describe("a step moves", () => {
  test("each tensor trained alone as it moves among all", async () => {
    const together = createTrainer();
    await stepOf(together, { sequences: SEQUENCES, learningRate: 1e-3 });
    const expected = await valuesOf(together);
    expect([...expected.keys()].sort()).toEqual(Object.keys(parameters).sort());
    for (const name of expected.keys()) {
      const alone = createTrainer({ trained: { kind: "whole", names: [name] } });
      await stepOf(alone, { sequences: SEQUENCES, learningRate: 1e-3 });
      const values = await valuesOf(alone);
      expect([...values.keys()]).toEqual([name]);
      expect(
        values.get(name)?.some((value, i) => value !== parameters[name]?.data[i]),
        name,
      ).toBe(true);
      expect(maxDifference(values.get(name) ?? [], expected.get(name) ?? []), name).toBe(0);
    }
  });

  test("nothing but the named tensors", async () => {
    const names = ["blocks.1.att.w1", "blocks.0.ln1.bias", "emb.weight"];
    const trainer = createTrainer({ trained: { kind: "whole", names } });
    await stepOf(trainer, { sequences: SEQUENCES, learningRate: 1e-2 });
    const file = `${folder.path}/subset.safetensors`;
    await trainer.saveCheckpoint({ path: file, precision: "f32" });
    const changed = readTensors(file).tensors.filter(
      ({ name, values }) => maxDifference(values as Float32Array, parameters[name]?.data ?? []) > 0,
    );
    expect(changed.map(({ name }) => name).sort()).toEqual([...names].sort());
  });

  test("embeddings of tokens that were read, and no others", async () => {
    const trainer = createTrainer({ trained: { kind: "whole", names: ["emb.weight"] } });
    await stepOf(trainer, { sequences: [sequenceOf(Uint32Array.of(3, 7, 3, 9))], learningRate: 1e-2 });
    const after = (await valuesOf(trainer)).get("emb.weight") ?? new Float32Array();
    const moved = new Set<number>();
    after.forEach((value, i) => {
      if (value !== parameters["emb.weight"]?.data[i]) moved.add(Math.floor(i / TINY.width));
    });
    expect([...moved]).toEqual([3, 7]);
  });

  test("nothing to NaN where a gradient is zero, even with an epsilon of zero", async () => {
    const trainer = createTrainer({ optimizer: { epsilon: 0 } });
    await stepOf(trainer, { sequences: [sequenceOf(Uint32Array.of(3, 7, 3, 9))], learningRate: 1e-3 });
    for (const [name, values] of await valuesOf(trainer)) {
      expect(values.every(Number.isFinite), name).toBe(true);
    }
  });

  test("with the official groups: decay on matrices alone, w0 at twice the rate", async () => {
    const plain = createTrainer({ optimizer: { groups: "official" } });
    const decaying = createTrainer({ optimizer: { groups: "official", weightDecay: 0.5 } });
    const uniform = createTrainer();
    for (const trainer of [plain, decaying, uniform]) {
      await stepOf(trainer, { sequences: SEQUENCES, learningRate: 1e-3 });
    }
    const [official, decayed, even] = [
      await valuesOf(plain),
      await valuesOf(decaying),
      await valuesOf(uniform),
    ];
    const decays = [...official.keys()].filter(
      (name) => maxDifference(decayed.get(name) ?? [], official.get(name) ?? []) > 0,
    );
    const isMatrix = (name: string) =>
      name.endsWith(".weight") && (parameters[name]?.shape.filter((size) => size > 1).length ?? 0) > 1;
    expect(decays.sort()).toEqual(Object.keys(parameters).filter(isMatrix).sort());
    const name = "blocks.1.att.w0";
    const distance = (values: Map<string, Float32Array>) => {
      const moved = values.get(name)?.map((value, i) => value - (parameters[name]?.data[i] ?? 0));
      return Math.hypot(...(moved ?? []));
    };
    expect(distance(official) / distance(even)).toBeCloseTo(2, 3);
  });

  test("no further than the clipped gradient", async () => {
    const clip = 0.125;
    const clipped = createTrainer({ optimizer: { ...DESCENT, clip } });
    const free = createTrainer({ optimizer: DESCENT });
    const request = { sequences: SEQUENCES, learningRate: DESCENT_UNIT_RATE };
    const [step, freeStep] = [await stepOf(clipped, request), await stepOf(free, request)];
    expect(step.gradientNorm).toBe(freeStep.gradientNorm);
    expect(step.gradientNorm).toBeGreaterThan(clip);
    let squares = 0;
    for (const [name, values] of await valuesOf(clipped)) {
      values.forEach((value, i) => {
        squares += (value - (parameters[name]?.data[i] ?? 0)) ** 2;
      });
    }
    expect(Math.sqrt(squares) / clip).toBeCloseTo(1, 3);
  });
});

describe("a step changes nothing", () => {
  async function expectUnmoved(trainer: Trainer, act: () => Promise<unknown>) {
    const before = await valuesOf(trainer);
    const steps = trainer.steps;
    await act();
    expect(trainer.steps).toBe(steps);
    for (const [name, values] of await valuesOf(trainer)) {
      expect(maxDifference(values, before.get(name) ?? []), name).toBe(0);
    }
  }

  test("when its gradient is not finite, and says so", async () => {
    // Finite weights whose logits are not.
    const trainer = createTrainer();
    expect((await stepOf(trainer, { sequences: SEQUENCES, learningRate: 1e37 })).applied).toBe(true);
    await expectUnmoved(trainer, async () => {
      const step = await stepOf(trainer, { sequences: SEQUENCES, learningRate: 1e-3 });
      expect([step.applied, step.outcome]).toEqual([false, "not-finite"]);
      expect(Number.isFinite(step.loss) && Number.isFinite(step.gradientNorm)).toBe(false);
    });
  });

  test("after a bad step, the next good one goes as if the bad one had not been", async () => {
    const weights = new Float32Array(33).fill(Number.POSITIVE_INFINITY);
    const bad = { tokens: randomTokens(34, 43), weights };
    const [disturbed, calm] = [createTrainer(), createTrainer()];
    expect((await stepOf(disturbed, { sequences: SEQUENCES, learningRate: 1e-3 })).applied).toBe(true);
    expect((await stepOf(disturbed, { sequences: [bad], learningRate: 1e-3 })).applied).toBe(false);
    await stepOf(calm, { sequences: SEQUENCES, learningRate: 1e-3 });
    const next = { sequences: SEQUENCES, learningRate: 1e-3 };
    expect(await stepOf(disturbed, next)).toEqual(await stepOf(calm, next));
  });

  test.each(["loss", "gradientNorm"] as const)(
    "when its %s is above the limit, and only then",
    async (key) => {
      const trainer = createTrainer();
      const request = { sequences: SEQUENCES, learningRate: 1e-3 };
      await stepOf(trainer, request);
      const measured = await stepOf(createTrainer(), { ...request, skipAbove: { [key]: -1 } });
      const unlimited = await stepOf(createTrainer(), request);
      expect(measured).toEqual({ ...unlimited, applied: false, outcome: "outlier" });
      await expectUnmoved(trainer, async () => {
        const again = await stepOf(trainer, { ...request, skipAbove: { [key]: 0 } });
        const skipAbove = { [key]: again[key] * (1 - 1e-9) };
        expect(await stepOf(trainer, { ...request, skipAbove })).toEqual(again);
        expect([again.applied, again.outcome]).toEqual([false, "outlier"]);
      });
      const limit = (await stepOf(trainer, { ...request, skipAbove: { [key]: 0 } }))[key];
      const applied = await stepOf(trainer, { ...request, skipAbove: { [key]: limit } });
      expect([applied.applied, applied.outcome, trainer.steps]).toEqual([true, "applied", 2]);
    },
  );

  test("when its numbers are not finite, whatever the limits", async () => {
    const weights = new Float32Array(33).fill(Number.POSITIVE_INFINITY);
    const sequences = [{ tokens: randomTokens(34, 43), weights }];
    const skipAbove = { loss: Number.POSITIVE_INFINITY, gradientNorm: 1 };
    const step = await stepOf(createTrainer(), { sequences, learningRate: 1e-3, skipAbove });
    expect([step.applied, step.outcome]).toEqual([false, "not-finite"]);
  });

  test("when it was cancelled before it began", async () => {
    const trainer = createTrainer({ trained: LORA });
    await expectUnmoved(trainer, async () => {
      for (let run = 0; run < 10; run += 1) {
        const signal = AbortSignal.abort();
        expect(await trainer.step({ sequences: SEQUENCES, learningRate: 1, signal })).toEqual({
          kind: "cancelled",
        });
      }
    });
  });

  test("when it was cancelled on its way", async () => {
    const trainer = createTrainer();
    const long = Array.from({ length: 8 }, (_, i) => sequenceOf(randomTokens(257, 60 + i)));
    await expectUnmoved(trainer, async () => {
      const controller = new AbortController();
      const running = trainer.step({ sequences: long, learningRate: 1, signal: controller.signal });
      controller.abort();
      expect(await running).toEqual({ kind: "cancelled" });
    });
  });

  test("when every weight is zero", async () => {
    const trainer = createTrainer({ trained: LORA });
    const sequences = [{ tokens: randomTokens(9, 44), weights: new Float32Array(8) }];
    const before = await valuesOf(trainer);
    const step = await stepOf(trainer, { sequences, learningRate: 1 });
    expect([step.loss, step.gradientNorm]).toEqual([0, 0]);
    for (const [name, values] of await valuesOf(trainer)) {
      expect(maxDifference(values, before.get(name) ?? []), name).toBe(0);
    }
  });
});

describe("refused, with nothing done:", () => {
  const trainer = createTrainer({ trained: LORA });
  const step = (change: object) => () =>
    trainer.step({ sequences: SEQUENCES, learningRate: 1e-3, ...change });
  const sequence = (change: Partial<TrainSequence>) => ({
    sequences: [{ ...sequenceOf(randomTokens(9, 45)), ...change }],
  });

  test.each([
    ["no sequences", { sequences: [] }],
    ["a learning rate that is no number", { learningRate: Number.NaN }],
    ["an infinite learning rate", { learningRate: Number.POSITIVE_INFINITY }],
    ["a limit of the loss that is no number", { skipAbove: { loss: Number.NaN } }],
    ["a limit of the gradient that is no number", { skipAbove: { gradientNorm: Number.NaN } }],
  ])("%s", async (_name, change) => {
    await expect(step(change)()).rejects.toThrow(TypeError);
  });

  test.each([
    [
      "one token, which has no next",
      sequence({ tokens: Uint32Array.of(1), weights: new Float32Array() }),
      "argument",
    ],
    ["weights of another length", sequence({ weights: new Float32Array(9) }), "argument"],
    ["a token outside the vocabulary", sequence({ tokens: new Uint32Array(9).fill(V) }), "token"],
  ] as const)("%s", async (_name, change, code) => {
    await expectEngineErrorAsync(step(change), code);
  });

  test("a reference of fewer tokens than the sequence", async () => {
    const result = await model.reference({ state: model.zeroState(), tokens: randomTokens(4, 46) });
    const reference = result.kind === "finished" ? result.logits : undefined;
    expect(reference).toBeDefined();
    const klWeights = new Float32Array(8).fill(1);
    await expectEngineErrorAsync(step(sequence({ ...(reference && { reference }), klWeights })), "argument");
  });

  test.each<[string, TrainedParameters]>([
    ["a tensor that the model lacks", { kind: "whole", names: ["blocks.9.ln1.weight"] }],
    ["a tensor without influence", { kind: "whole", names: ["blocks.0.att.v0"] }],
    ["no tensor", { kind: "whole", names: [] }],
    ["one tensor twice", { kind: "whole", names: ["emb.weight", "emb.weight"] }],
    ["a rank of zero", { ...LORA, rank: 0 }],
    ["a rank beyond all memory", { ...LORA, rank: 2 ** 50 }],
    ["an alpha of zero", { ...LORA, alpha: 0 }],
    ["an alpha that is no number", { ...LORA, alpha: Number.NaN }],
    ["no targets", { ...LORA, targets: [] }],
    ["one target twice", { ...LORA, targets: ["att.key", "att.key"] }],
    ["a layer that the model lacks", { ...LORA, layers: [2] }],
    ["one layer twice", { ...LORA, layers: [1, 1] }],
  ])("to train %s", async (_name, trained) => {
    await expectEngineErrorAsync(async () => createTrainer({ trained }), "argument");
  });
});
