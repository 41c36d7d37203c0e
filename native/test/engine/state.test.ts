/** One model, read in different ways, is one model: steps, chunks, forks, saved States, threads. */

import { expect, test } from "vitest";
import { readTensors } from "../../lib/files.js";
import { nativeInspector } from "../../lib/inspect.js";
import { instructionSets } from "../../lib/kernels.js";
import {
  bytesOf,
  maxDifference,
  numbersOf,
  openEngine,
  scoreOf,
  stateAfter,
  trainedLora,
} from "../engineFixture.js";
import { expectEngineErrorAsync } from "../expectEngineError.js";
import { scratchFolder } from "../scratchFolder.js";
import { randomState, randomTokens, SMALL, TINY, writeModel } from "../smallModel.js";

/** Different passes sum in different orders; logits here are of the size of 2, States of 1. */
const ORDER_ERROR_MAX = 2e-5;

const folder = scratchFolder();
const path = writeModel({ folder: folder.path, shape: SMALL, seed: 2 });
const inspect = nativeInspector().openInspect({ path });
const engine = openEngine();
const model = await engine.loadModel({ path });
const tokens = randomTokens(300, 3);

function expectSameReading(
  a: ReturnType<typeof inspect.logits>,
  b: ReturnType<typeof inspect.logits>,
  bound = ORDER_ERROR_MAX,
) {
  expect(maxDifference(a.logits, b.logits)).toBeLessThanOrEqual(bound);
  for (const part of ["attShift", "ffnShift", "wkv"] as const) {
    expect(maxDifference(a.state[part], b.state[part]), part).toBeLessThanOrEqual(bound);
  }
}

test.each([1, 2, 15, 16, 17, 33, 100])(
  "reading %d tokens at once equals reading them step by step",
  (length) => {
    const request = { tokens: tokens.slice(0, length), state: randomState(SMALL, 4) };
    expectSameReading(
      inspect.logits({ ...request, mode: "sequence" }),
      inspect.logits({ ...request, mode: "step" }),
    );
  },
);

test.each([1, 7, 16, 31, 64, 299])("reading in chunks of %d equals reading at once", (chunk) => {
  expectSameReading(
    inspect.logits({ tokens, mode: "sequence", chunk: tokens.length }),
    inspect.logits({ tokens, mode: "sequence", chunk }),
  );
});

test("reading on from a State equals reading everything, wherever the cut is", async () => {
  const whole = await scoreOf(model, { tokens });
  for (const cut of [1, 16, 33, 256, 298]) {
    const state = await stateAfter(model, { tokens: tokens.slice(0, cut) });
    const rest = await scoreOf(model, { state, tokens: tokens.slice(cut) });
    const expected = whole.logProbabilities.slice(cut);
    expect(maxDifference(rest.logProbabilities, expected), `cut at ${cut}`).toBeLessThanOrEqual(
      ORDER_ERROR_MAX,
    );
  }
});

test("two forks of one State go on as if each had been alone, and leave it as it was", async () => {
  const state = await stateAfter(model, { tokens });
  const before = bytesOf(model, state);
  const [left, right] = [randomTokens(20, 5), randomTokens(20, 6)];
  const alone = await scoreOf(model, { state: await stateAfter(model, { tokens }), tokens: right });
  const forks = await Promise.all([
    scoreOf(model, { state, tokens: left }),
    scoreOf(model, { state, tokens: right }),
  ]);
  expect(numbersOf(forks[1])).toEqual(numbersOf(alone));
  expect(numbersOf(forks[0])).not.toEqual(numbersOf(alone));
  expect(bytesOf(model, state).equals(before)).toBe(true);
});

test("a saved State comes back bit for bit, and reads on bit for bit", async () => {
  const state = await stateAfter(model, { tokens });
  const bytes = bytesOf(model, state);
  const loaded = model.stateFromBytes(bytes);
  expect(bytesOf(model, loaded).equals(bytes)).toBe(true);
  expect(numbersOf(await scoreOf(model, { state: loaded, tokens }))).toEqual(
    numbersOf(await scoreOf(model, { state, tokens })),
  );
});

test("a State holds what the model's memory is", async () => {
  const { state } = inspect.logits({ tokens, mode: "sequence" });
  const bytes = bytesOf(model, await stateAfter(model, { tokens }));
  const file = folder.write("state.safetensors", bytes);
  const [att, ffn, wkv] = ["att_shift", "ffn_shift", "wkv"].map((name) =>
    readTensors(file).tensors.find((tensor) => tensor.name === name),
  );
  expect([att?.shape, ffn?.shape, wkv?.shape]).toEqual([
    [3, 128],
    [3, 128],
    [3, 2, 64, 64],
  ]);
  // The training side's network computes the same numbers in another order.
  expect(maxDifference(att?.values as Float32Array, state.attShift)).toBeLessThan(1e-4);
  expect(maxDifference(ffn?.values as Float32Array, state.ffnShift)).toBeLessThan(1e-4);
  expect(maxDifference(wkv?.values as Float32Array, state.wkv)).toBeLessThan(1e-4);
});

test("the zero State is all zeros, and reading nothing changes nothing", async () => {
  const zero = model.zeroState();
  const { state } = inspect.logits({ tokens: new Uint32Array(), mode: "sequence" });
  expect([...state.attShift, ...state.ffnShift, ...state.wkv].every((value) => value === 0)).toBe(true);
  const unread = await stateAfter(model, { tokens: new Uint32Array() });
  expect(bytesOf(model, unread).equals(bytesOf(model, zero))).toBe(true);
});

test("an adapter acts on every token that is read with it, and on no other", async () => {
  const adapter = await trainedLora(model, 7);
  const base = await stateAfter(model, { tokens });
  const adapted = await stateAfter(model, { tokens, adapter });
  expect(bytesOf(model, adapted).equals(bytesOf(model, base))).toBe(false);
  const again = await stateAfter(model, { tokens });
  expect(bytesOf(model, again).equals(bytesOf(model, base))).toBe(true);
});

test("however many threads read, the numbers are the same", async () => {
  const expected = numbersOf(await scoreOf(model, { tokens }));
  const adapter = await trainedLora(model, 7);
  const adapted = numbersOf(await scoreOf(model, { tokens, adapter }));
  for (const threads of [1, 3, 4]) {
    const other = openEngine({ threads });
    const same = await other.loadModel({ path });
    expect(other.threads).toBe(threads);
    expect(numbersOf(await scoreOf(same, { tokens }))).toEqual(expected);
    expect(numbersOf(await scoreOf(same, { tokens, adapter: await trainedLora(same, 7) }))).toEqual(adapted);
  }
});

test("instruction sets differ by rounding only", async () => {
  const expected = await scoreOf(model, { tokens });
  for (const instructionSet of instructionSets()) {
    const other = await openEngine({ threads: 1, instructionSet }).loadModel({ path });
    const score = await scoreOf(other, { tokens });
    expect(maxDifference(score.logProbabilities, expected.logProbabilities)).toBeLessThanOrEqual(
      ORDER_ERROR_MAX,
    );
  }
});

test("tokens outside the vocabulary are refused", async () => {
  const outside = Uint32Array.of(1, SMALL.vocabularySize);
  const state = model.zeroState();
  for (const call of [
    () => model.read({ state, tokens: outside }),
    () => model.score({ state, tokens: outside }),
    () => model.reference({ state, tokens: outside }),
  ]) {
    await expectEngineErrorAsync(call, "token", "50");
  }
});

test("a State of another model is refused, even of one with as many numbers", async () => {
  // Four heads in all, and 256 numbers a shift, in both.
  const wide = await engine.loadModel({
    path: writeModel({ folder: folder.path, shape: { ...SMALL, layers: 2, width: 128 }, seed: 8 }),
  });
  const deep = await engine.loadModel({
    path: writeModel({ folder: folder.path, shape: { ...TINY, layers: 4, width: 64 }, seed: 8 }),
  });
  await expectEngineErrorAsync(() => deep.read({ state: wide.zeroState(), tokens }), "state");
  await expectEngineErrorAsync(() => model.read({ state: wide.zeroState(), tokens }), "state");
  const bytes = wide.stateToBytes(wide.zeroState());
  await expectEngineErrorAsync(async () => deep.stateFromBytes(bytes), "state");
});

test.each([
  ["nothing", new Uint8Array()],
  ["noise", Uint8Array.from(randomTokens(500, 9), (token) => token * 5)],
  ["half a State", undefined],
])("bytes that are %s are no State", async (_name, bytes) => {
  const whole = model.stateToBytes(model.zeroState());
  await expectEngineErrorAsync(
    async () => model.stateFromBytes(bytes ?? whole.subarray(0, whole.length / 2)),
    "state",
  );
});
