/** State tuning: what is trained, where it acts, and how it is kept. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readTensors, writeSafetensors } from "../../lib/files.js";
import { nativeInspector, type StateArrays } from "../../lib/inspect.js";
import type { Adapter, State, TrainedParameters, TrainSequence } from "../../lib/types.js";
import {
  ADAMW,
  bytesOf,
  DESCENT,
  DESCENT_UNIT_RATE,
  maxDifference,
  numbersOf,
  openEngine,
  scoreOf,
  sequenceOf,
} from "../engineFixture.js";
import { expectEngineError, expectEngineErrorAsync } from "../expectEngineError.js";
import { scratchFolder } from "../scratchFolder.js";
import { seededRandom } from "../seededRandom.js";
import { randomState, randomTokens, SMALL, sizeOf, TINY, writeModel } from "../smallModel.js";
import { slopeError } from "./slope.js";

const folder = scratchFolder();
const path = writeModel({ folder: folder.path, shape: SMALL, seed: 91 });
/** Tolerances here are those of float32 products. */
const engine = openEngine({ threads: 2, precision: "f32" });
const model = await engine.loadModel({ path });
const inspect = nativeInspector().openInspect({ path });
const { layers, width } = SMALL;
const SHAPE = [width / 64, 64, 64];
const SIZE = sizeOf(SHAPE);
const NAMES = Array.from({ length: layers }, (_, layer) => `blocks.${layer}.att.time_state`);
const STATE: TrainedParameters = { kind: "state" };

interface Request {
  readonly parameters?: TrainedParameters;
  readonly optimizer?: typeof ADAMW;
  readonly from?: Adapter;
}
function createTrainer({ parameters = STATE, optimizer = ADAMW, from }: Request = {}) {
  return model.createTrainer({ parameters, seed: 1, optimizer, ...(from && { from }) });
}

/** An adapter as some other program would write it. */
async function adapterOf(values: readonly Float32Array[]): Promise<Adapter> {
  const file = `${folder.path}/time-states.safetensors`;
  const tensors = values.map((tensor, layer) => ({
    name: NAMES[layer] ?? "",
    dtype: "F32" as const,
    shape: SHAPE,
    values: tensor,
  }));
  writeSafetensors({ path: file, tensors });
  return model.loadAdapter({ path: file });
}

function stateOf({ attShift, ffnShift, wkv }: StateArrays): State {
  const file = `${folder.path}/state.safetensors`;
  const tensor = (name: string, shape: number[], values: Float32Array) =>
    ({ name, dtype: "F32", shape, values }) as const;
  writeSafetensors({
    path: file,
    tensors: [
      tensor("att_shift", [layers, width], attShift),
      tensor("ffn_shift", [layers, width], ffnShift),
      tensor("wkv", [layers, ...SHAPE], wkv),
    ],
  });
  return model.stateFromBytes(readFileSync(file));
}

function changed(state: StateArrays, values: readonly Float32Array[]): StateArrays {
  return {
    ...state,
    wkv: state.wkv.map((value, i) => value + (values[Math.floor(i / SIZE)]?.[i % SIZE] ?? 0)),
  };
}

const random = seededRandom(90);
const offset = NAMES.map(() => random.normals(SIZE, { mean: 0, deviation: 0.2 }));
const prefix = randomState(SMALL, 92);
const tokens = randomTokens(30, 93);

test("its gradient is the slope of the loss, over all sequences of a batch", async () => {
  // Unequal lengths around the chunk of 16 tokens, each from a State of its own.
  const starts = [1, 17, 34].map((length, i) => ({
    tokens: randomTokens(length + 1, 94 + i),
    state: randomState(SMALL, 97 + i),
  }));
  const trainer = createTrainer({ optimizer: DESCENT, from: await adapterOf(offset) });
  await trainer.step({
    sequences: starts.map(({ tokens: read, state }) => ({ ...sequenceOf(read), state: stateOf(state) })),
    learningRate: DESCENT_UNIT_RATE,
  });
  const file = `${folder.path}/descended.safetensors`;
  await trainer.save({ path: file });
  const after = new Map(readTensors(file).tensors.map(({ name, values }) => [name, values as Float32Array]));
  for (const seed of [1, 2, 3]) {
    const error = slopeError({
      values: offset,
      gradients: offset.map((values, layer) =>
        values.map((value, i) => value - (after.get(`parameter.${NAMES[layer]}`)?.[i] ?? Number.NaN)),
      ),
      loss: (values) =>
        inspect.gradients({
          sequences: starts.map(({ tokens: read, state }) => ({
            tokens: read.slice(0, -1),
            labels: Int32Array.from(read.slice(1)),
            state: changed(state, values),
          })),
        }).loss,
      seed,
    });
    expect(error).toBeLessThan(5e-3);
  }
});

describe("a State that starts with it", () => {
  test("is the given one and the tuned tensors, added up, in the wkv part alone", async () => {
    const adapter = await adapterOf(offset);
    const started = model.initialState({ adapter, state: stateOf(prefix) });
    expect(bytesOf(model, started).equals(bytesOf(model, stateOf(changed(prefix, offset))))).toBe(true);
    const initial = model.initialState({ adapter });
    expect(
      bytesOf(model, initial).equals(
        bytesOf(model, model.initialState({ adapter, state: model.zeroState() })),
      ),
    ).toBe(true);
    expect(bytesOf(model, initial).equals(bytesOf(model, model.zeroState()))).toBe(false);
  });

  test("is the given one where the adapter tunes none", async () => {
    const lora = createTrainer({ parameters: { kind: "lora", rank: 2, alpha: 2, targets: ["att.key"] } });
    const adapter = await lora.publish();
    const state = stateOf(prefix);
    expect(bytesOf(model, model.initialState({ adapter, state })).equals(bytesOf(model, state))).toBe(true);
  });

  test("is what the adapter acts by: runs themselves add nothing", async () => {
    const adapter = await adapterOf(offset);
    const plain = numbersOf(await scoreOf(model, { tokens }));
    expect(numbersOf(await scoreOf(model, { tokens, adapter }))).toEqual(plain);
    const state = model.initialState({ adapter });
    expect(numbersOf(await scoreOf(model, { tokens, adapter, state }))).not.toEqual(plain);
  });

  test("is refused of an adapter of another shape", async () => {
    const other = await engine.loadModel({
      path: writeModel({ folder: folder.path, shape: TINY, seed: 90 }),
    });
    const adapter = await adapterOf(offset);
    expectEngineError(() => other.initialState({ adapter }), "adapter");
    await expectEngineErrorAsync(
      () => other.loadAdapter({ path: `${folder.path}/time-states.safetensors` }),
      "adapter",
    );
  });
});

describe.each<[string, TrainSequence]>([
  ["an initial State", sequenceOf(tokens)],
  ["an offset at a boundary", { ...sequenceOf(tokens), state: stateOf(prefix) }],
])("training %s", (_name, sequence) => {
  const state = sequence.state ?? model.zeroState();
  const loss = (numbers: Record<string, number[]>) =>
    (numbers.logProbabilities ?? []).reduce((sum, value) => sum - value, 0) / (tokens.length - 1);

  test("learns the sequence; the trainer's score is that of what it publishes", async () => {
    const trainer = createTrainer();
    const before = loss(numbersOf(await scoreOf(model, { tokens, state })));
    for (let step = 0; step < 8; step += 1) {
      const result = await trainer.step({ sequences: [sequence], learningRate: 0.02 });
      if (step === 0) expect(result.kind === "finished" && result.loss).toBeCloseTo(before, 5);
    }
    const adapter = await trainer.publish();
    const started = model.initialState({ adapter, state });
    const after = numbersOf(await scoreOf(model, { tokens, state: started, adapter }));
    expect(loss(after)).toBeLessThan(0.8 * before);
    const now = await trainer.score({ tokens, state });
    // Serving multiplies in another order than training does.
    const scores = now.kind === "finished" ? numbersOf(now) : {};
    for (const [part, values] of Object.entries(after)) {
      expect(maxDifference(values, scores[part] ?? []), part).toBeLessThan(1e-4);
    }
  });

  test("goes on from a file, adapter or training state, as if it had not stopped", async () => {
    const [whole, first] = [createTrainer(), createTrainer()];
    const step = { sequences: [sequence], learningRate: 0.02 };
    for (const trainer of [whole, whole, first]) await trainer.step(step);
    const file = `${folder.path}/training.safetensors`;
    await first.save({ path: file });
    const second = createTrainer();
    await second.restore({ path: file });
    await second.step(step);
    const [expected, actual] = [await whole.publish(), await second.publish()];
    const states = [expected, actual].map((adapter) => bytesOf(model, model.initialState({ adapter })));
    expect(states[0]?.equals(states[1] ?? Buffer.alloc(0))).toBe(true);
    await whole.saveAdapter({ adapter: expected, path: file, metadata: {} });
    for (const { name, dtype, shape } of readTensors(file).tensors) {
      expect([NAMES.includes(name), dtype, shape]).toEqual([true, "F32", SHAPE]);
    }
    const loaded = await model.loadAdapter({ path: file });
    const continued = await createTrainer({ from: loaded }).publish();
    for (const adapter of [loaded, continued]) {
      expect(bytesOf(model, model.initialState({ adapter })).equals(states[0] ?? Buffer.alloc(0))).toBe(true);
    }
  });
});

test("moves the named layers alone", async () => {
  const trainer = createTrainer({ parameters: { kind: "state", layers: [1] } });
  await trainer.step({ sequences: [sequenceOf(tokens)], learningRate: 0.02 });
  const file = `${folder.path}/one-layer.safetensors`;
  await trainer.saveAdapter({ adapter: await trainer.publish(), path: file, metadata: {} });
  const { tensors } = readTensors(file);
  expect(tensors.map(({ name }) => name)).toEqual([NAMES[1]]);
  const all = createTrainer();
  await all.step({ sequences: [sequenceOf(tokens)], learningRate: 0.02 });
  await all.saveAdapter({ adapter: await all.publish(), path: file, metadata: {} });
  const among = readTensors(file).tensors.find(({ name }) => name === NAMES[1]);
  expect(maxDifference(tensors[0]?.values as Float32Array, among?.values as Float32Array)).toBe(0);
});

test("with windows, learns from the first, whose State it starts", async () => {
  const [windows, first] = [createTrainer({ optimizer: DESCENT }), createTrainer({ optimizer: DESCENT })];
  const weights = (from: number, to: number) =>
    Float32Array.from({ length: tokens.length - 1 }, (_, t) => (t >= from && t < to ? 1 : 0));
  const late = { tokens, weights: weights(16, 29) };
  const step = await windows.step({ sequences: [late], learningRate: 1, detachEvery: 16 });
  expect(step).toMatchObject({ kind: "finished", gradientNorm: 0 });
  const early = { tokens, weights: weights(0, 16) };
  const [cut, whole] = [
    await windows.step({ sequences: [early], learningRate: 0, detachEvery: 16 }),
    await first.step({ sequences: [early], learningRate: 0 }),
  ];
  expect(cut).toEqual(whole);
});

test.each<[string, TrainedParameters]>([
  ["no layer", { kind: "state", layers: [] }],
  ["a layer that the model lacks", { kind: "state", layers: [3] }],
  ["a layer twice", { kind: "state", layers: [1, 1] }],
  ["it as one of the model's tensors", { kind: "whole", names: [NAMES[0] ?? ""] }],
])("refuses to train %s", async (_name, parameters) => {
  await expectEngineErrorAsync(async () => createTrainer({ parameters }), "argument");
});

test("is no checkpoint", async () => {
  const request = { path: `${folder.path}/no.safetensors`, precision: "f32" } as const;
  await expectEngineErrorAsync(() => createTrainer().saveCheckpoint(request), "argument");
});
