/** The average that a Trainer keeps of its weights: what it is, what it is good for, and how it is kept. */

import { describe, expect, test } from "vitest";
import { readTensors } from "../../lib/files.js";
import type { TrainedParameters, Trainer, TrainerOptions, TrainerWeights } from "../../lib/types.js";
import { ADAMW, maxDifference, numbersOf, openEngine, scoreOf, sequenceOf } from "../engineFixture.js";
import { expectEngineErrorAsync } from "../expectEngineError.js";
import { scratchFolder } from "../scratchFolder.js";
import { byName, randomTensors, randomTokens, TINY, writeModel } from "../smallModel.js";

const folder = scratchFolder();
const engine = openEngine();
const model = await engine.loadModel({ path: writeModel({ folder: folder.path, shape: TINY, seed: 91 }) });
const initial = byName(randomTensors(TINY, 91));
const tokens = randomTokens(40, 92);
const SEQUENCES = [sequenceOf(randomTokens(30, 93)), sequenceOf(randomTokens(12, 94))];
const DECAY = 0.7;

const WHOLE: TrainedParameters = { kind: "whole" };
const SOME: TrainedParameters = { kind: "whole", names: ["blocks.0.att.key.weight", "emb.weight"] };
const LORA: TrainedParameters = { kind: "lora", rank: 3, alpha: 4, targets: ["att.value", "ffn.key"] };
const STATE: TrainedParameters = { kind: "state" };

function createTrainer(parameters = WHOLE, change: Partial<TrainerOptions> = {}): Trainer {
  return model.createTrainer({
    parameters,
    seed: 1,
    optimizer: ADAMW,
    averaging: { decay: DECAY },
    ...change,
  });
}

async function train(trainer: Trainer, steps: number, learningRate = 3e-3): Promise<void> {
  for (let step = 0; step < steps; step += 1) await trainer.step({ sequences: SEQUENCES, learningRate });
}

let saved = 0;
async function savedState(trainer: Trainer): Promise<Map<string, Float32Array>> {
  saved += 1;
  const path = `${folder.path}/state-${saved}.safetensors`;
  await trainer.save({ path });
  return new Map(readTensors(path).tensors.map(({ name, values }) => [name, values as Float32Array]));
}

async function savedCheckpoint(
  trainer: Trainer,
  weights: TrainerWeights,
): Promise<Map<string, Float32Array>> {
  saved += 1;
  const path = `${folder.path}/checkpoint-${saved}.safetensors`;
  await trainer.saveCheckpoint({ path, precision: "f32", ...weights });
  return new Map(readTensors(path).tensors.map(({ name, values }) => [name, values as Float32Array]));
}

async function scoreNow(trainer: Trainer, weights: TrainerWeights) {
  const score = await trainer.score({ state: model.zeroState(), tokens, ...weights });
  if (score.kind === "cancelled") throw new Error("nobody cancelled this score");
  return numbersOf(score);
}

describe.each([
  ["all tensors", WHOLE],
  ["some of them", SOME],
  ["a LoRA", LORA],
  ["the State", STATE],
] as const)("the average of %s", (_name, parameters) => {
  test("is the sum of all steps' values, each with its part, divided by all parts", async () => {
    const trainer = createTrainer(parameters);
    const history: Map<string, Float32Array>[] = [];
    for (let step = 0; step < 5; step += 1) {
      await train(trainer, 1, 0.01 * (step + 1));
      history.push(await savedState(trainer));
    }
    const last = history.at(-1) ?? new Map<string, Float32Array>();
    const parts = history.map((_, step) => DECAY ** (history.length - 1 - step));
    const total = parts.reduce((sum, part) => sum + part, 0);
    const names = [...last.keys()].filter((name) => name.startsWith("parameter."));
    expect(names.length).toBeGreaterThan(0);
    let furthest = 0;
    for (const name of names) {
      const current = last.get(name) ?? new Float32Array();
      const expected = Float64Array.from(current, (_, i) =>
        history.reduce(
          (sum, state, step) => sum + ((parts[step] ?? 0) * (state.get(name)?.[i] ?? 0)) / total,
          0,
        ),
      );
      const actual = last.get(name.replace("parameter.", "average.")) ?? [];
      expect(maxDifference(actual, expected), name).toBeLessThan(2e-6);
      furthest = Math.max(furthest, maxDifference(actual, current));
    }
    expect(furthest).toBeGreaterThan(1e-3);
  });

  test("scores, and is published, apart from the parameters as they stand", async () => {
    const trainer = createTrainer(parameters);
    await train(trainer, 5, 0.02);
    const [current, averaged] = [
      await scoreNow(trainer, { weights: "current" }),
      await scoreNow(trainer, { weights: "averaged" }),
    ];
    expect(await scoreNow(trainer, {})).toEqual(current);
    expect(averaged).not.toEqual(current);
    const start = async (weights: TrainerWeights) => {
      const adapter = await trainer.publish(weights);
      const state = model.initialState({ state: model.zeroState(), adapter });
      return numbersOf(await scoreOf(model, { state, tokens, adapter }));
    };
    const difference = (a: Record<string, number[]>, b: Record<string, number[]>) =>
      maxDifference(a.logProbabilities ?? [], b.logProbabilities ?? []);
    const [published, publishedAverage] = [await start({}), await start({ weights: "averaged" })];
    expect(difference(publishedAverage, averaged)).toBeLessThan(difference(publishedAverage, current));
    expect(difference(published, current)).toBeLessThan(difference(published, averaged));
  });

  test("changes nothing of the training, and goes on from a saved state with the same bits", async () => {
    const [plain, whole, first, second] = [
      model.createTrainer({ parameters, seed: 1, optimizer: ADAMW }),
      createTrainer(parameters),
      createTrainer(parameters),
      createTrainer(parameters),
    ];
    await train(plain, 6);
    await train(whole, 6);
    await train(first, 3);
    const path = `${folder.path}/average.safetensors`;
    await first.save({ path });
    await second.restore({ path });
    await train(second, 3);
    const expected = await savedState(whole);
    expect(await savedState(second)).toEqual(expected);
    for (const [name, values] of await savedState(plain)) {
      expect(maxDifference(values, expected.get(name) ?? []), name).toBe(0);
    }
  });
});

test("a checkpoint of the average holds it, and the frozen tensors as they are", async () => {
  const trainer = createTrainer(SOME);
  await train(trainer, 4, 0.02);
  const state = await savedState(trainer);
  for (const [name, values] of await savedCheckpoint(trainer, { weights: "averaged" })) {
    const expected = state.get(`average.${name}`) ?? initial[name]?.data ?? [];
    expect(maxDifference(values, expected), name).toBe(0);
  }
  const current = await savedCheckpoint(trainer, {});
  for (const name of ["blocks.0.att.key.weight", "emb.weight"]) {
    expect(maxDifference(current.get(name) ?? [], state.get(`parameter.${name}`) ?? []), name).toBe(0);
    expect(maxDifference(current.get(name) ?? [], state.get(`average.${name}`) ?? []), name).toBeGreaterThan(
      0,
    );
  }
});

test("before the first step, and after a step that was not applied, it is what was there", async () => {
  const trainer = createTrainer();
  expect(await scoreNow(trainer, { weights: "averaged" })).toEqual(await scoreNow(trainer, {}));
  await train(trainer, 2);
  const before = await scoreNow(trainer, { weights: "averaged" });
  const weights = new Float32Array(29).fill(Number.POSITIVE_INFINITY);
  const bad = await trainer.step({ sequences: [{ tokens: randomTokens(30, 95), weights }], learningRate: 1 });
  expect(bad.kind === "finished" && bad.applied).toBe(false);
  expect(await scoreNow(trainer, { weights: "averaged" })).toEqual(before);
});

test("a decay of zero keeps the last step", async () => {
  const trainer = createTrainer(LORA, { averaging: { decay: 0 } });
  await train(trainer, 3);
  expect(await scoreNow(trainer, { weights: "averaged" })).toEqual(await scoreNow(trainer, {}));
});

test("a state without an average lets one begin, and one that is not wanted is left", async () => {
  const path = `${folder.path}/crossing.safetensors`;
  const plain = model.createTrainer({ parameters: LORA, seed: 1, optimizer: ADAMW });
  await train(plain, 3);
  await plain.save({ path });
  const beginning = createTrainer(LORA);
  await train(beginning, 2, 0.05);
  await beginning.restore({ path });
  expect(await scoreNow(beginning, { weights: "averaged" })).toEqual(await scoreNow(plain, {}));
  await train(beginning, 1);
  expect(await scoreNow(beginning, { weights: "averaged" })).toEqual(await scoreNow(beginning, {}));
  await beginning.save({ path });
  await plain.restore({ path });
  expect(plain.steps).toBe(4);
  expect([...(await savedState(plain)).keys()].some((name) => name.startsWith("average."))).toBe(false);
});

test("what is not kept cannot be asked for", async () => {
  const trainer = model.createTrainer({ parameters: WHOLE, seed: 1, optimizer: ADAMW });
  const weights = "averaged" as const;
  for (const call of [
    () => trainer.score({ state: model.zeroState(), tokens, weights }),
    () => trainer.publish({ weights }),
    () => trainer.saveCheckpoint({ path: `${folder.path}/no`, precision: "f32", weights }),
  ]) {
    await expectEngineErrorAsync(call, "argument", "averaging");
  }
});

test.each([1, -0.1, Number.NaN, 2])("a decay of %d is refused", async (decay) => {
  await expectEngineErrorAsync(async () => createTrainer(WHOLE, { averaging: { decay } }), "argument");
});
