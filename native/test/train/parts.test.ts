/** A step in parts: what is computed again, later, or for fewer rows than all gives what all at once gives. */

import { describe, expect, test } from "vitest";
import { readTensors } from "../../lib/files.js";
import { type AdamWResult, nativeInspector } from "../../lib/inspect.js";
import type { Trainer, TrainerOptions, TrainSequence } from "../../lib/types.js";
import { BIG_MATRICES } from "../../lib/types.js";
import { ADAMW, maxDifference, openEngine, sequenceOf, stateAfter } from "../engineFixture.js";
import { scratchFolder } from "../scratchFolder.js";
import { byName, randomTensors, randomTokens, SMALL, writeModel } from "../smallModel.js";

const folder = scratchFolder();
const path = writeModel({ folder: folder.path, shape: SMALL, seed: 71 });
const parameters = byName(randomTensors(SMALL, 71));
/** Tolerances here are those of float32 products. */
const engine = openEngine({ threads: 2, precision: "f32" });
const model = await engine.loadModel({ path });
const optimizer = { ...ADAMW, weightDecay: 0.1, clip: 1, groups: "official" as const };
const WHOLE = { parameters: { kind: "whole" }, seed: 1, optimizer } satisfies TrainerOptions;
const LORA = {
  parameters: { kind: "lora", rank: 3, alpha: 6, targets: BIG_MATRICES },
  seed: 1,
  optimizer,
} satisfies TrainerOptions;

type Step = Parameters<Trainer["step"]>[0];

async function stepOf(trainer: Trainer, step: Step) {
  const result = await trainer.step(step);
  if (result.kind === "cancelled") throw new Error("nobody cancelled this step");
  return result;
}

let saved = 0;
async function savedTensors(trainer: Trainer): Promise<Map<string, Float32Array>> {
  saved += 1;
  const file = `${folder.path}/parts-${saved}.safetensors`;
  await trainer.save({ path: file });
  return new Map(readTensors(file).tensors.map(({ name, values }) => [name, values as Float32Array]));
}

async function expectSameBits(one: Trainer, other: Trainer) {
  const expected = await savedTensors(one);
  const actual = await savedTensors(other);
  expect([...actual.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [name, values] of actual) {
    expect(maxDifference(values, expected.get(name) ?? []), name).toBe(0);
  }
}

/** Unequal lengths, one of a single token, one that starts from a State, one held to a reference. */
async function batch(): Promise<TrainSequence[]> {
  const state = await stateAfter(model, { tokens: randomTokens(9, 72) });
  const reference = await model.reference({ state, tokens: randomTokens(33, 73) });
  return [
    ...[1, 16, 45].map((length, i) => sequenceOf(randomTokens(length + 1, 74 + i))),
    {
      ...sequenceOf(randomTokens(34, 73)),
      state,
      klWeights: Float32Array.from({ length: 33 }, (_, t) => t % 3),
      ...(reference.kind === "finished" && { reference: reference.logits }),
    },
  ];
}

describe("layers computed again on the way back", () => {
  test.each([
    ["all weights", WHOLE],
    ["a LoRA", LORA],
    ["a LoRA on the top layer", { ...LORA, parameters: { ...LORA.parameters, layers: [2] } }],
    ["a LoRA on two layers", { ...LORA, parameters: { ...LORA.parameters, layers: [0, 2] } }],
    ["the State", { ...WHOLE, parameters: { kind: "state" } }],
    ["the head", { ...WHOLE, parameters: { kind: "whole", names: ["head.weight"] } }],
  ] satisfies [string, TrainerOptions][])("end in the same bits: %s", async (_name, options) => {
    const sequences = await batch();
    const kept = model.createTrainer({ ...options, checkpointing: false });
    const again = model.createTrainer({ ...options, checkpointing: true });
    for (let step = 0; step < 3; step += 1) {
      const request = { sequences, learningRate: 1e-3, l2wrap: true };
      expect(await stepOf(again, request)).toEqual(await stepOf(kept, request));
    }
    await expectSameBits(kept, again);
  });
});

describe("sequences taken a few at a time", () => {
  test.each([1, 2, 3, 4, 9])("by %i move parameters as all at once do", async (sequencesAtOnce) => {
    const sequences = await batch();
    const [whole, parts] = [model.createTrainer(WHOLE), model.createTrainer(WHOLE)];
    const request = { sequences, learningRate: 1e-3, l2wrap: true };
    const expected = await stepOf(whole, request);
    const actual = await stepOf(parts, { ...request, sequencesAtOnce });
    expect(actual.crossEntropy).toBeCloseTo(expected.crossEntropy, 5);
    expect(actual.klDivergence).toBeCloseTo(expected.klDivergence, 5);
    expect(actual.gradientNorm / expected.gradientNorm).toBeCloseTo(1, 5);
    // The first moment is a tenth of the gradient.
    const moments = await savedTensors(whole);
    for (const [name, values] of await savedTensors(parts)) {
      if (!name.startsWith("m.")) continue;
      const size = Math.hypot(...(moments.get(name) ?? []));
      expect(maxDifference(values, moments.get(name) ?? []), name).toBeLessThan(1e-4 * size);
    }
  });
});

describe("windows of long sequences", () => {
  test("longer than all sequences change nothing", async () => {
    const sequences = await batch();
    const [whole, windows] = [model.createTrainer(WHOLE), model.createTrainer(WHOLE)];
    await stepOf(whole, { sequences, learningRate: 1e-3 });
    await stepOf(windows, { sequences, learningRate: 1e-3, detachEvery: 45 });
    await expectSameBits(whole, windows);
  });

  test("carry States: the loss is that of whole sequences", async () => {
    const sequences = await batch();
    const [whole, windows] = [model.createTrainer(WHOLE), model.createTrainer(WHOLE)];
    const request = { sequences, learningRate: 0 };
    const expected = await stepOf(whole, request);
    const actual = await stepOf(windows, { ...request, detachEvery: 7 });
    expect(actual.crossEntropy).toBeCloseTo(expected.crossEntropy, 5);
    expect(actual.klDivergence).toBeCloseTo(expected.klDivergence, 5);
    expect(Math.abs(actual.gradientNorm / expected.gradientNorm - 1)).toBeGreaterThan(1e-3);
  });

  test("give the sum of the windows' own gradients, each from the State before it", async () => {
    const tokens = randomTokens(41, 80);
    const sequences: TrainSequence[] = [];
    for (let begin = 0; begin < 40; begin += 16) {
      const state = await stateAfter(model, { tokens: tokens.slice(0, begin) });
      sequences.push({ ...sequenceOf(tokens.slice(begin, Math.min(41, begin + 17))), state });
    }
    const [apart, windows] = [model.createTrainer(WHOLE), model.createTrainer(WHOLE)];
    const expected = await stepOf(apart, { sequences, learningRate: 1e-3 });
    const actual = await stepOf(windows, {
      sequences: [sequenceOf(tokens)],
      learningRate: 1e-3,
      detachEvery: 16,
    });
    expect(actual.loss).toBeCloseTo(expected.loss, 5);
    expect(actual.gradientNorm / expected.gradientNorm).toBeCloseTo(1, 5);
  });

  test.each([0, -1, 1.5])("are refused of a length of %d", async (length) => {
    const trainer = model.createTrainer(LORA);
    const request = { sequences: [sequenceOf(randomTokens(9, 81))], learningRate: 1e-3 };
    await expect(trainer.step({ ...request, detachEvery: length })).rejects.toThrow(TypeError);
    await expect(trainer.step({ ...request, sequencesAtOnce: length })).rejects.toThrow(TypeError);
  });
});

describe("an embedding whose tokens occur now and then", () => {
  /** Tokens of each step: some come back, most never occur. */
  const STEPS = [
    [3, 7, 3, 9],
    [9, 11, 12],
    [3, 40],
    [7, 9],
  ].map((tokens) => Uint32Array.from(tokens));
  const name = "emb.weight";
  const decaying = { ...ADAMW, weightDecay: 0.3, groups: "official" as const };

  test("moves as AdamW over all its rows, to the last bit", async () => {
    const trainer = model.createTrainer({
      parameters: { kind: "whole", names: [name] },
      seed: 1,
      optimizer: decaying,
    });
    const inspector = nativeInspector();
    const start = parameters[name]?.data ?? new Float32Array();
    let dense: AdamWResult = {
      parameter: start,
      m: new Float32Array(start.length),
      v: new Float32Array(start.length),
    };
    for (const [i, tokens] of STEPS.entries()) {
      await stepOf(trainer, { sequences: [sequenceOf(tokens)], learningRate: 0.01 });
      const inspect = inspector.openInspect({
        path,
        overrides: { [name]: { shape: [SMALL.vocabularySize, SMALL.width], data: dense.parameter } },
      });
      const labels = Int32Array.from(tokens.slice(1));
      const { gradients } = inspect.gradients({ sequences: [{ tokens: tokens.slice(0, -1), labels }] });
      dense = inspector.adamw({
        ...dense,
        gradient: gradients[name] ?? new Float32Array(),
        step: i + 1,
        learningRate: 0.01,
        ...decaying,
      });
    }
    const values = (await savedTensors(trainer)).get(`parameter.${name}`) ?? [];
    expect(maxDifference(values, dense.parameter)).toBe(0);
    expect(maxDifference(values, start)).toBeGreaterThan(0.01);
  });

  test("keeps moments of the tokens that occurred, and goes on from a file bit for bit", async () => {
    const [first, second] = [model.createTrainer(WHOLE), model.createTrainer(WHOLE)];
    const take = async (trainer: Trainer, steps: readonly Uint32Array[]) => {
      for (const tokens of steps) {
        await stepOf(trainer, { sequences: [sequenceOf(tokens)], learningRate: 0.01 });
      }
    };
    await take(first, STEPS.slice(0, 2));
    const file = `${folder.path}/embedding.safetensors`;
    await first.save({ path: file });
    const tokens = readTensors(file).tensors.find((tensor) => tensor.name === `tokens.${name}`);
    expect([...((tokens?.values as Float32Array | undefined) ?? [])]).toEqual([3, 7, 9, 11]);
    // What it has met is forgotten for what the file says.
    await take(second, [Uint32Array.of(20, 21, 3)]);
    await second.restore({ path: file });
    for (const trainer of [first, second]) await take(trainer, STEPS.slice(2));
    await expectSameBits(first, second);
  });
});
