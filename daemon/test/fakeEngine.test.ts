import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Finished } from "../src/engine/engine.js";
import { createByteTokenizer, createFakeEngine, createFakeModel } from "./fakeEngine.js";

const tokenizer = createByteTokenizer();
const model = createFakeModel({ vocabularySize: tokenizer.size, seed: 3 });
const OPTIMIZER = {
  beta1: 0.9,
  beta2: 0.95,
  epsilon: 1e-8,
  weightDecay: 0,
  clip: 1,
  groups: "uniform",
} as const;
const newTrainer = () =>
  model.createTrainer({ parameters: { kind: "whole" }, seed: 1, optimizer: OPTIMIZER });

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ouro-fake-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function done<T>(call: Promise<Finished<T>>): Promise<T> {
  const result = await call;
  if (result.kind === "cancelled") throw new Error("cancelled");
  return result;
}

function batch(text: string) {
  const tokens = tokenizer.encode(text);
  return [{ tokens, weights: new Float32Array(tokens.length - 1).fill(1) }];
}

it("reads the same State in one piece and in two, and keeps it as bytes", async () => {
  const tokens = tokenizer.encode("some text that is longer than a context");
  const whole = await done(model.read({ state: model.zeroState(), tokens }));
  const first = await done(model.read({ state: model.zeroState(), tokens: tokens.slice(0, 9) }));
  const second = await done(model.read({ state: first.state, tokens: tokens.slice(9) }));
  expect(model.stateToBytes(second.state)).toEqual(model.stateToBytes(whole.state));
  const back = model.stateFromBytes(model.stateToBytes(whole.state));
  expect(model.stateToBytes(back)).toEqual(model.stateToBytes(whole.state));
});

it("learns what it is taught, alike every time, and back from the file bit for bit", async () => {
  const state = model.zeroState();
  const tokens = tokenizer.encode("abcdef");
  const lossOf = async (path?: string) => {
    const adapter = path ? { adapter: await model.loadAdapter({ path }) } : {};
    const { logProbabilities } = await done(model.score({ state, tokens, ...adapter }));
    return logProbabilities.reduce((a, b) => a - b, 0);
  };
  const paths = [join(folder, "one"), join(folder, "two")];
  for (const path of paths) {
    const trainer = newTrainer();
    for (let step = 0; step < 10; step++) {
      await done(trainer.step({ sequences: batch("abcdef"), learningRate: 5e-4 }));
    }
    expect(trainer.steps).toBe(10);
    await trainer.saveAdapter({ adapter: await trainer.publish(), path, metadata: {} });
  }
  const losses = await Promise.all(paths.map(lossOf));
  expect(losses[0]).toBe(losses[1]);
  expect(losses[0]).toBeLessThan((await lossOf()) / 4);
});

it("goes on from where it was saved as if it had not stopped", async () => {
  const path = join(folder, "trainer");
  const one = newTrainer();
  const two = newTrainer();
  const losses: number[] = [];
  for (let step = 0; step < 4; step++) {
    losses.push((await done(one.step({ sequences: batch("hello"), learningRate: 5e-4 }))).loss);
    if (step === 1) await one.save({ path });
  }
  await two.restore({ path });
  expect(two.steps).toBe(2);
  for (const loss of losses.slice(2)) {
    expect((await done(two.step({ sequences: batch("hello"), learningRate: 5e-4 }))).loss).toBe(loss);
  }
});

it("stays closer to the base where a reference holds it", async () => {
  const tokens = tokenizer.encode("anchor text");
  const state = model.zeroState();
  const { logits: reference } = await done(model.reference({ state, tokens }));
  const drift = async (held: boolean) => {
    const trainer = newTrainer();
    const positions = tokens.length - 1;
    const anchor = {
      tokens,
      weights: new Float32Array(positions),
      reference,
      klWeights: new Float32Array(positions).fill(1),
    };
    const sequences = held ? [...batch("anchor toxt"), anchor] : batch("anchor toxt");
    for (let step = 0; step < 20; step++) await done(trainer.step({ sequences, learningRate: 5e-4 }));
    return (await done(trainer.step({ sequences: [anchor], learningRate: 0 }))).klDivergence;
  };
  expect(await drift(true)).toBeLessThan(await drift(false));
});

it("is cancelled, closed and refused like the real one", async () => {
  const state = model.zeroState();
  const tokens = tokenizer.encode("x");
  expect(await model.read({ state, tokens, signal: AbortSignal.abort() })).toEqual({ kind: "cancelled" });
  const engine = createFakeEngine();
  const path = join(folder, "model");
  writeFileSync(path, "{}");
  await expect(engine.loadModel({ path })).rejects.toMatchObject({ code: "format" });
  writeFileSync(path, JSON.stringify({ vocabularySize: 300, seed: 1 }));
  expect((await engine.loadModel({ path })).info.vocabularySize).toBe(300);
  engine.close();
  await expect(engine.loadModel({ path })).rejects.toMatchObject({ code: "closed" });
  await expect(model.loadAdapter({ path })).rejects.toMatchObject({ code: "format" });
});
