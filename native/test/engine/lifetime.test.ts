/** Beginnings and ends: engines that close at work, processes that go, handles that are dropped or mixed up. */

import { describe, expect, test } from "vitest";
import { createEngine } from "../../lib/engine.js";
import type { Adapter, Model, ReferenceLogits, State } from "../../lib/types.js";
import { ADAMW, GREEDY, numbersOf, openEngine, scoreOf, sequenceOf, trainedLora } from "../engineFixture.js";
import { expectEngineErrorAsync } from "../expectEngineError.js";
import { scratchFolder } from "../scratchFolder.js";
import { randomTokens, SMALL, TINY, writeModel } from "../smallModel.js";
import { engineInChild } from "./engineInChild.js";

const folder = scratchFolder();
const path = writeModel({ folder: folder.path, shape: TINY, seed: 71 });
const tokens = randomTokens(20, 72);
const WHOLE = { parameters: { kind: "whole" }, seed: 1, optimizer: ADAMW } as const;

function generation(model: Model, tokensMax: number, onToken?: () => void) {
  return model.generate({
    state: model.zeroState(),
    tokens,
    sampling: GREEDY,
    tokensMax,
    stopTokens: new Uint32Array(),
    ...(onToken && { onToken }),
  });
}

describe("an engine that closes", () => {
  test("lets what runs and what waits settle as cancelled, and refuses what comes later", async () => {
    const engine = createEngine({ threads: 2 });
    const model = await engine.loadModel({ path });
    const trainer = model.createTrainer(WHOLE);
    const steps = Array.from({ length: 20 }, () =>
      trainer.step({ sequences: [sequenceOf(randomTokens(257, 73))], learningRate: 1e-3 }),
    );
    const state = model.zeroState();
    const jobs: Promise<{ kind: string }>[] = [];
    await new Promise<void>((told) => {
      jobs.push(generation(model, 1e9, told));
      const waiting = { state, tokens: new Uint32Array(1_000_000), priority: "background" } as const;
      jobs.push(model.read(waiting), model.score(waiting), generation(model, 1e9));
    });
    engine.close();
    engine.close();
    expect((await Promise.all(jobs)).map(({ kind }) => kind)).toEqual(Array(4).fill("cancelled"));
    const kinds = (await Promise.all(steps)).map(({ kind }) => kind);
    expect(kinds.at(-1)).toBe("cancelled");
    expect(kinds.filter((kind) => kind === "finished")).toHaveLength(trainer.steps);
    for (const call of [
      () => engine.loadModel({ path }),
      () => engine.initialModel({ shape: TINY, seed: 1 }),
      () => model.read({ state, tokens }),
      () => generation(model, 1),
      () => trainer.step({ sequences: [sequenceOf(tokens)], learningRate: 0 }),
      () => trainer.publish(),
    ]) {
      await expectEngineErrorAsync(call, "closed");
    }
    expect(model.stateToBytes(state).length).toBeGreaterThan(0);
    await trainer.close();
  });

  test("of a trainer: what comes before it is done, what comes later is refused", async () => {
    const engine = openEngine();
    const trainer = (await engine.loadModel({ path })).createTrainer(WHOLE);
    const stepping = trainer.step({ sequences: [sequenceOf(tokens)], learningRate: 1e-3 });
    await Promise.all([trainer.close(), trainer.close()]);
    expect(await stepping).toMatchObject({ kind: "finished", applied: true });
    expect(trainer.steps).toBe(1);
    for (const call of [
      () => trainer.step({ sequences: [sequenceOf(tokens)], learningRate: 0 }),
      () => trainer.publish(),
      () => trainer.score({ state: undefined as unknown as State, tokens }),
    ]) {
      await expectEngineErrorAsync(call, "closed");
    }
  });

  test("can be one of many, opened and closed in turn", async () => {
    let expected: unknown;
    for (let round = 0; round < 30; round += 1) {
      const engine = createEngine({ threads: 1 + (round % 3) });
      const model = await engine.loadModel({ path });
      const numbers = numbersOf(await scoreOf(model, { tokens }));
      expected ??= numbers;
      expect(numbers).toEqual(expected);
      if (round % 2 === 0) engine.close();
      else await Promise.all([generation(model, 3), Promise.resolve().then(() => engine.close())]);
    }
  });

  test("as soon as it is open, does so without a job", () => {
    for (let round = 0; round < 20; round += 1) {
      const engine = createEngine({ threads: 4 });
      expect(() => engine.close()).not.toThrow();
    }
  });
});

describe("handles", () => {
  test("of the wrong kind are refused", async () => {
    const engine = openEngine();
    const model = await engine.loadModel({ path });
    const state = model.zeroState();
    const adapter = await trainedLora(model, 78);
    const trainer = model.createTrainer(WHOLE);
    const reference = await model.reference({ state, tokens });
    const logits = reference.kind === "finished" ? reference.logits : undefined;
    const as = <Wanted>(value: unknown) => value as Wanted;
    const klWeights = new Float32Array(19).fill(1);
    const held = (value: unknown) => [
      { ...sequenceOf(tokens), reference: as<ReferenceLogits>(value), klWeights },
    ];
    for (const call of [
      async () => model.stateToBytes(as<State>(adapter)),
      async () => model.stateToBytes(as<State>({})),
      () => model.read({ state: as<State>(logits), tokens }),
      () => model.read({ state: as<State>(undefined), tokens }),
      () => model.score({ state, tokens, adapter: as<Adapter>(state) }),
      () => model.score({ state, tokens, adapter: as<Adapter>("adapter") }),
      () => trainer.step({ sequences: held(adapter), learningRate: 0 }),
      () =>
        trainer.step({ sequences: [{ ...sequenceOf(tokens), state: as<State>(adapter) }], learningRate: 0 }),
      async () => model.createTrainer({ ...WHOLE, from: as<Adapter>(state) }),
      () => trainer.saveAdapter({ adapter: as<Adapter>(state), path: `${folder.path}/no`, metadata: {} }),
    ]) {
      await expectEngineErrorAsync(call, "argument");
    }
    expect((await trainer.step({ sequences: held(logits), learningRate: 0 })).kind).toBe("finished");
  });
});

describe("in a process of its own", () => {
  const child = (scenario: string, model = path, rounds = 1) => engineInChild({ scenario, model, rounds });

  async function expectedTokens() {
    const model = await openEngine().loadModel({ path });
    const { tokens: written } = await model.generate({
      state: model.zeroState(),
      tokens: Uint32Array.of(1),
      sampling: GREEDY,
      tokensMax: 8,
      stopTokens: new Uint32Array(),
    });
    return [...written];
  }

  test.each(["endsByItself", "exitsWhileBusy", "exitsWhileLoading"])(
    "an engine that nobody closed %s",
    async (scenario) => {
      expect(await child(scenario)).toEqual({ tokens: await expectedTokens() });
    },
  );

  test("workers have engines of their own, and may end in the midst of their work", async () => {
    expect(await child("losesWorkers")).toEqual({ agree: true });
  });

  test("dropped States are collected before they fill the memory", async () => {
    const deep = writeModel({ folder: folder.path, shape: { ...TINY, layers: 40 }, seed: 79 });
    const { made, most } = await child("dropsStates", deep);
    expect(Number(most) / Number(made)).toBeLessThan(0.25);
  });

  test("a trainer that is closed gives back its memory, and an engine that of its models", async () => {
    const wide = writeModel({
      folder: folder.path,
      shape: { ...SMALL, layers: 12, width: 256, ffnWidth: 1024, vocabularySize: 4096 },
      seed: 82,
    });
    const { loaded, training, trained, closed } = await child("givesBack", wide);
    expect(Number(training)).toBeGreaterThan(100 * 1024);
    expect(Number(trained) / Number(training)).toBeLessThan(0.1);
    expect(Number(closed) / Number(loaded)).toBeLessThan(0.5);
  });

  test("engines that load, write, train and close leave nothing behind", async () => {
    const deep = writeModel({ folder: folder.path, shape: { ...TINY, layers: 12 }, seed: 80 });
    const { memory, ...counted } = await child("livesManyTimes", deep, 40);
    // Over the last 30: less than half a model in each.
    expect(Number(memory)).toBeLessThan(20 * 1024);
    expect(Object.values(counted).every((grown) => grown === 0)).toBe(true);
  });

  test("jobs end well whose engine, model and trainer are collected while they run", async () => {
    const { collections, ...rest } = await child("collectsAtWork");
    expect(rest).toEqual({ tokens: await expectedTokens(), settled: 7 });
    expect(collections).toBeGreaterThan(0);
  });

  test("calls with the wrong arguments end in errors", async () => {
    const { names, errors, calls, tokens: written } = await child("misusesEverything");
    expect(names).toBeGreaterThanOrEqual(22);
    expect(Number(errors) / Number(calls)).toBeGreaterThan(0.9);
    expect(written).toEqual(await expectedTokens());
  });
});
