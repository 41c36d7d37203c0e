/** Many calls at once: who goes first, that nobody starves, and that nobody notices the others but by waiting. */

import { afterEach, describe, expect, test } from "vitest";
import type { GenerateOptions, Generation, Priority, State } from "../../lib/types.js";
import {
  ADAMW,
  bytesOf,
  GREEDY,
  numbersOf,
  openEngine,
  scoreOf,
  sequenceOf,
  stateAfter,
  trainedLora,
} from "../engineFixture.js";
import { expectEngineErrorAsync } from "../expectEngineError.js";
import { scratchFolder } from "../scratchFolder.js";
import { randomTokens, SMALL, writeModel } from "../smallModel.js";

/** Only ever ended by cancelling. */
const FOREVER = 10_000_000;
/** As RunThread::kRunsMax. */
const RUNS_MAX = 64;
const folder = scratchFolder();
const engine = openEngine();
const model = await engine.loadModel({ path: writeModel({ folder: folder.path, shape: SMALL, seed: 91 }) });
const adapter = await trainedLora(model, 92);
const state = await stateAfter(model, { tokens: randomTokens(30, 93) });
const tokens = randomTokens(5, 94);

/** Ends what runs for ever. */
let end = new AbortController();
const started: Promise<unknown>[] = [];
async function endAll() {
  end.abort();
  await Promise.allSettled(started.splice(0));
  end = new AbortController();
}
afterEach(endAll);

function generate(options: Partial<GenerateOptions> = {}): Promise<Generation> {
  const generation = model.generate({
    state,
    tokens,
    sampling: GREEDY,
    tokensMax: FOREVER,
    stopTokens: new Uint32Array(),
    signal: end.signal,
    ...options,
  });
  started.push(generation);
  return generation;
}

/** A Generation whose tokens are counted; `begun` once it has written some. */
function counted(priority: Priority, tokensMax = FOREVER) {
  const counter = { tokens: 0, isOver: false };
  let generation: Promise<unknown> = Promise.resolve();
  const begun = new Promise<void>((resolve) => {
    const onToken = () => {
      counter.tokens += 1;
      if (counter.tokens === 3) resolve();
    };
    generation = generate({ priority, tokensMax, onToken }).finally(() => {
      counter.isOver = true;
    });
  });
  return { counter, begun, generation };
}

describe("who goes first", () => {
  test("a completion that comes during a chat and a long background read", async () => {
    const order: string[] = [];
    const read = model
      .read({ state, tokens: randomTokens(30_000, 95), priority: "background" })
      .then(() => order.push("background"));
    const chat = counted("chat", 4000);
    const chatEnd = chat.generation.then(() => order.push("chat"));
    await chat.begun;
    let before: number | undefined;
    const onToken = () => {
      before ??= chat.counter.tokens;
    };
    const completion = await generate({ tokensMax: 1000, onToken });
    const meanwhile = chat.counter.tokens - (before ?? 0);
    order.push("completion");
    await Promise.all([read, chatEnd]);
    expect(completion.tokens).toHaveLength(1000);
    expect(order).toEqual(["completion", "chat", "background"]);
    // A twentieth is meant; taking turns would give a thousand.
    expect(meanwhile).toBeLessThan(500);
  });

  test("two of one class take turns", async () => {
    const first = counted("chat");
    await first.begun;
    const before = first.counter.tokens;
    await generate({ priority: "chat", tokensMax: 400 });
    expect(first.counter.tokens - before).toBeGreaterThan(200);
    expect(first.counter.isOver).toBe(false);
  });

  test("not for ever: chat and background go on beside a completion without end", async () => {
    const completion = counted("interactive");
    await completion.begun;
    const before = completion.counter.tokens;
    const chat = generate({ priority: "chat", tokensMax: 20 });
    const read = model.read({ state, tokens: randomTokens(600, 96), priority: "background" });
    expect((await Promise.all([chat, read])).map(({ kind }) => kind)).toEqual(["finished", "finished"]);
    // 19 times 20 tokens are meant; where slices differ in length the number does too.
    expect(completion.counter.tokens - before).toBeGreaterThan(100);
    expect(completion.counter.isOver).toBe(false);
  });

  test("an unknown class is refused", async () => {
    const priority = "urgent" as Priority;
    await expectEngineErrorAsync(() => generate({ priority }), "argument");
    await expectEngineErrorAsync(() => model.read({ state, tokens, priority }), "argument");
  });
});

test("what each computes does not depend on the others", async () => {
  const sampled = { ...GREEDY, temperature: 1, topP: 0.9, alphaPresence: 0.3 };
  const written = async (options: Partial<GenerateOptions>) => {
    const generation = await generate({ tokensMax: 40, ...options });
    return [[...generation.tokens], [...generation.logProbabilities]];
  };
  // More than a pass, with a rest.
  const long = randomTokens(300, 97);
  const after = (read: { state: State }) => bytesOf(model, read.state).toString("base64");
  const calls = [
    () => written({}),
    () => written({ priority: "chat", adapter, tokens: long }),
    () => written({ priority: "background", sampling: { ...sampled, seed: 1 } }),
    () => written({ sampling: { ...sampled, seed: 2 }, adapter }),
    () => written({ priority: "chat", state: model.zeroState(), tokens: long.slice(0, 65) }),
    async () => numbersOf(await scoreOf(model, { state, tokens: long })),
    async () => numbersOf(await scoreOf(model, { tokens: long, adapter, priority: "background" })),
    async () => after({ state: await stateAfter(model, { tokens: long, priority: "chat" }) }),
    async () => after({ state: await stateAfter(model, { tokens: long, adapter }) }),
  ];
  const alone = [];
  for (const call of calls) alone.push(await call());
  for (let round = 0; round < 3; round += 1) {
    const order = [...calls.keys()].sort((a, b) => ((a * 7 + round) % 9) - ((b * 7 + round) % 9));
    const together: unknown[] = [];
    const all = Promise.all(order.map(async (i) => (together[i] = await calls[i]?.())));
    // Some that are cancelled while others are midway in a pass.
    for (const priority of ["interactive", "chat", "background"] as const) {
      const controller = new AbortController();
      const cancelled = model.read({ state, tokens: long, priority, signal: controller.signal });
      controller.abort();
      await cancelled;
    }
    await all;
    expect(together).toEqual(alone);
  }
});

test("who writes with the same weights writes together, and the same as alone", async () => {
  const request = (i: number): Partial<GenerateOptions> => ({
    tokensMax: 20 + 7 * i,
    sampling: { ...GREEDY, temperature: 1, seed: i },
    tokens: randomTokens(1 + i, 60 + i),
    ...(i % 3 === 2 && { adapter }),
  });
  const written = async (i: number, signal?: AbortSignal) => {
    const generation = await generate({ ...request(i), ...(signal && { signal }) });
    return [[...generation.tokens], [...generation.logProbabilities], generation.stoppedBy];
  };
  const runs = Array.from({ length: 20 }, (_, i) => i);
  const alone = [];
  for (const i of runs) alone.push(await written(i));
  const controller = new AbortController();
  const endless = generate({ tokensMax: 1e6, signal: controller.signal });
  const together = await Promise.all(runs.map((i) => written(i)));
  controller.abort();
  expect(together).toEqual(alone);
  expect((await endless).stoppedBy).toBe("cancel");
});

describe("cancelled", () => {
  test("while many others are before it, a call answers at once", async () => {
    const completion = counted("interactive");
    await completion.begun;
    const waiting = { state, tokens: randomTokens(2000, 99), priority: "background" } as const;
    for (let others = 0; others < 40; others += 1) {
      started.push(model.read({ ...waiting, signal: end.signal }));
    }
    const before = completion.counter.tokens;
    for (const call of [model.read, model.score]) {
      const controller = new AbortController();
      const cancelled = call({ ...waiting, signal: controller.signal });
      controller.abort();
      expect(await cancelled).toEqual({ kind: "cancelled" });
    }
    const controller = new AbortController();
    const writing = generate({ priority: "background", signal: controller.signal });
    controller.abort();
    expect((await writing).stoppedBy).toBe("cancel");
    // Behind forty others with a twentieth of the time, turns of their own would come after some ten thousand.
    expect(completion.counter.tokens - before).toBeLessThan(1000);
    expect(completion.counter.isOver).toBe(false);
  });

  test("while it has its turns, it keeps what it wrote and the others go on", async () => {
    const other = counted("chat");
    const controller = new AbortController();
    let told = 0;
    const onToken = () => {
      told += 1;
      if (told === 5) controller.abort();
    };
    const chat = await generate({ priority: "chat", onToken, signal: controller.signal });
    expect([chat.kind, chat.tokens.length]).toEqual(["cancelled", told]);
    expect([...chat.tokens]).toEqual([...(await generate({ tokensMax: told })).tokens]);
    const before = other.counter.tokens;
    await generate({ priority: "chat", tokensMax: 50 });
    expect(other.counter.tokens).toBeGreaterThan(before);
    expect(other.counter.isOver).toBe(false);
  });
});

test("a failure is one call's own, whether it comes before or within its work", async () => {
  const bytes = model.stateToBytes(state);
  const broken = bytes.slice();
  new Float32Array(broken.buffer, broken.length - 64 * 64 * 4).fill(Number.NaN);
  const good = [
    generate({ tokensMax: 30 }),
    generate({ tokensMax: 30, priority: "chat" }),
    generate({ tokensMax: 30 }),
  ];
  const bad = generate({ sampling: { ...GREEDY, temperature: -1 } });
  const nan = generate({ state: model.stateFromBytes(broken), priority: "chat" });
  await expectEngineErrorAsync(() => bad, "argument");
  await expectEngineErrorAsync(() => nan, "numbers");
  const [first, ...others] = await Promise.all(good);
  for (const other of others) expect([...other.tokens]).toEqual([...(first?.tokens ?? [])]);
  expect(first?.tokens).toHaveLength(30);
});

test("so many calls at once and no more; one that ends makes room", async () => {
  const controllers = Array.from({ length: RUNS_MAX }, () => new AbortController());
  const running = controllers.map(({ signal }) => generate({ priority: "chat", signal }));
  await expectEngineErrorAsync(() => generate(), "argument");
  await expectEngineErrorAsync(() => model.score({ state, tokens }), "argument");
  controllers[0]?.abort();
  await running[0];
  const completion = await generate({ tokensMax: 3 });
  expect(completion.tokens).toHaveLength(3);
  for (const controller of controllers) controller.abort();
  expect(new Set((await Promise.all(running)).map(({ kind }) => kind))).toEqual(new Set(["cancelled"]));
});

test("training stands back for a chat, and not for background work", async () => {
  const trainer = model.createTrainer({ parameters: { kind: "whole" }, seed: 1, optimizer: ADAMW });
  const sequences = [sequenceOf(randomTokens(65, 98))];
  const tokensWhileTraining = async (priority: Priority) => {
    const writing = counted(priority);
    await writing.begun;
    const before = writing.counter.tokens;
    for (let step = 0; step < 6; step += 1) await trainer.step({ sequences, learningRate: 0 });
    const during = writing.counter.tokens - before;
    await endAll();
    return during;
  };
  const background = await tokensWhileTraining("background");
  const chat = await tokensWhileTraining("chat");
  // Turns against a twentieth of the time.
  expect(chat).toBeGreaterThan(2 * background);
});
