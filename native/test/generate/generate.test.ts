/** Generation: what is written, when it stops, what is told about it. How one token is drawn is sampler.test.ts. */

import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { loadTokenizer } from "../../lib/tokenizer.js";
import type { GenerateOptions, Sampling } from "../../lib/types.js";
import {
  bytesOf,
  GREEDY,
  maxDifference,
  numbersOf,
  openEngine,
  scoreOf,
  stateAfter,
  trainedLora,
} from "../engineFixture.js";
import { scratchFolder } from "../scratchFolder.js";
import { randomTokens, SMALL, writeModel } from "../smallModel.js";

/** Decoding sums in another order than reading many tokens at once. */
const LOG_PROBABILITY_ERROR_MAX = 2e-5;
const SAMPLED: Sampling = {
  ...GREEDY,
  temperature: 1,
  topP: 0.9,
  alphaPresence: 0.2,
  alphaDecay: 0.9,
  seed: 5,
};
/** Long enough that only a cancelled run ends within the test's time. */
const FOREVER = 10_000_000;

const folder = scratchFolder();
const engine = openEngine();
const model = await engine.loadModel({ path: writeModel({ folder: folder.path, shape: SMALL, seed: 11 }) });
const adapter = await trainedLora(model, 12);
const state = await stateAfter(model, { tokens: randomTokens(50, 13) });
const tokens = randomTokens(5, 14);

/** Ids 1 to 40 are letters, so that a text's bytes are its tokens; the model's last nine rows have no entry. */
const ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN";
const tokenizer = loadTokenizer(
  folder.write("vocab.txt", [...ALPHABET].map((letter, i) => `${i + 1} '${letter}' 1\n`).join("")),
);
const WITHOUT_ENTRY = Uint32Array.from({ length: 9 }, (_, i) => 41 + i);

function generate(options: Partial<GenerateOptions> = {}) {
  return model.generate({
    state,
    tokens,
    sampling: GREEDY,
    tokensMax: 24,
    stopTokens: new Uint32Array(),
    ...options,
  });
}

describe("what is written", () => {
  test("greedy: the most probable token after everything before it, with or without an adapter", async () => {
    const written = [];
    for (const variant of [{}, { adapter }]) {
      const { tokens: chain, logProbabilities, kind, stoppedBy } = await generate(variant);
      expect([kind, stoppedBy, chain.length]).toEqual(["finished", "limit", 24]);
      const score = await scoreOf(model, { state, tokens: Uint32Array.of(...tokens, ...chain), ...variant });
      expect([...score.best.slice(tokens.length - 1)]).toEqual([...chain]);
      const expected = score.logProbabilities.slice(tokens.length - 1);
      expect(maxDifference(logProbabilities, expected)).toBeLessThanOrEqual(LOG_PROBABILITY_ERROR_MAX);
      written.push([...chain]);
    }
    expect(written[0]).not.toEqual(written[1]);
  });

  test("sampled: the same for the same seed, and told with the model's own probabilities", async () => {
    const first = await generate({ sampling: SAMPLED });
    const second = await generate({ sampling: SAMPLED });
    const other = await generate({ sampling: { ...SAMPLED, seed: 6 } });
    expect([...second.tokens]).toEqual([...first.tokens]);
    expect([...second.logProbabilities]).toEqual([...first.logProbabilities]);
    expect([...other.tokens]).not.toEqual([...first.tokens]);
    const score = await scoreOf(model, { state, tokens: Uint32Array.of(...tokens, ...first.tokens) });
    const expected = score.logProbabilities.slice(tokens.length - 1);
    expect(maxDifference(first.logProbabilities, expected)).toBeLessThanOrEqual(LOG_PROBABILITY_ERROR_MAX);
  });

  test("never a banned token", async () => {
    const free = await generate();
    const tokenBan = Uint32Array.from(new Set(free.tokens));
    const banned = await generate({ sampling: { ...GREEDY, tokenBan } });
    expect(banned.tokens.filter((token) => tokenBan.includes(token))).toHaveLength(0);
    expect(banned.tokens).toHaveLength(24);
  });

  test("from the State given, which stays as it was", async () => {
    const before = bytesOf(model, state);
    const fromHere = await generate();
    const fromZero = await generate({ state: model.zeroState() });
    expect([...fromZero.tokens]).not.toEqual([...fromHere.tokens]);
    expect(bytesOf(model, state).equals(before)).toBe(true);
  });

  test("with an adapter that acts from the boundary on: the prefix stays as the base read it", async () => {
    const prefix = randomTokens(30, 15);
    const last = Uint32Array.of(7);
    const base = await stateAfter(model, { tokens: prefix });
    const completion = await generate({ state: base, tokens: last, adapter });
    // By hand: base State, then one token after another through the adapter alone.
    const byHand: number[] = [];
    let here = base;
    let next = last;
    while (byHand.length < 24) {
      const { best } = await scoreOf(model, { state: here, tokens: Uint32Array.of(...next, 0), adapter });
      here = await stateAfter(model, { state: here, tokens: next, adapter });
      next = best.slice(0, 1);
      byHand.push(...next);
    }
    expect([...completion.tokens]).toEqual(byHand);
    const adaptedPrefix = await stateAfter(model, { tokens: prefix, adapter });
    const scored = (from: typeof base) =>
      scoreOf(model, { state: from, tokens: Uint32Array.of(...last, ...completion.tokens), adapter });
    expect(numbersOf(await scored(adaptedPrefix))).not.toEqual(numbersOf(await scored(base)));
  });
});

describe("it stops", () => {
  test("at a limit of nothing", async () => {
    const nothing = await generate({ tokensMax: 0 });
    expect([nothing.kind, nothing.stoppedBy, nothing.tokens.length]).toEqual(["finished", "limit", 0]);
  });

  test("before a stop token", async () => {
    const free = await generate();
    const stop = free.tokens[9] ?? 0;
    const stopped = await generate({ stopTokens: Uint32Array.of(stop, 49) });
    expect([stopped.kind, stopped.stoppedBy]).toEqual(["finished", "token"]);
    expect([...stopped.tokens]).toEqual([...free.tokens.slice(0, free.tokens.indexOf(stop))]);
  });

  const letters = { tokenizer, sampling: { ...GREEDY, tokenBan: Uint32Array.of(0, ...WITHOUT_ENTRY) } };
  test.each([1, 2, 5])("after a stop string of %d tokens", async (length) => {
    const free = await generate(letters);
    const text = tokenizer.decode(free.tokens);
    expect(text).toHaveLength(24);
    const stop = text.slice(8, 8 + length);
    const stopped = await generate({ ...letters, stopStrings: ["", "not written", stop, `${stop}longer`] });
    expect([stopped.kind, stopped.stoppedBy]).toEqual(["finished", "string"]);
    expect(tokenizer.decode(stopped.tokens)).toBe(text.slice(0, text.indexOf(stop) + length));
  });

  test("not at tokens that the vocabulary lacks: they have no bytes", async () => {
    const tokenBan = Uint32Array.from({ length: 41 }, (_, token) => token);
    const unknown = await generate({
      tokenizer,
      stopStrings: ["a"],
      sampling: { ...GREEDY, tokenBan },
    });
    expect([unknown.stoppedBy, unknown.tokens.length]).toEqual(["limit", 24]);
  });
});

describe("each token is told", () => {
  test("once, in order, and before the Generation is", async () => {
    for (let run = 0; run < 50; run += 1) {
      const told: (readonly [number, number])[] = [];
      const result = await generate({ tokensMax: 8, onToken: (...item) => told.push(item) });
      expect(told).toEqual([...result.tokens].map((token, i) => [token, result.logProbabilities[i]]));
    }
  });

  test("to a listener whose failure ends the Generation and reaches the caller", async () => {
    let calls = 0;
    const failing = generate({
      tokensMax: FOREVER,
      onToken: () => {
        calls += 1;
        throw new RangeError("the listener broke");
      },
    });
    await expect(failing).rejects.toThrow(new RangeError("the listener broke"));
    expect(calls).toBe(1);
    expect((await generate()).kind).toBe("finished");
  });
});

describe("cancelled", () => {
  test("while it writes, it keeps what was written", async () => {
    const controller = new AbortController();
    const told: number[] = [];
    const result = await generate({
      tokensMax: FOREVER,
      signal: controller.signal,
      onToken: (token) => {
        told.push(token);
        if (told.length === 3) controller.abort();
      },
    });
    expect([result.kind, result.stoppedBy]).toEqual(["cancelled", "cancel"]);
    expect(told).toEqual([...result.tokens]);
    const { tokens: uncancelled } = await generate({ tokensMax: told.length });
    expect(told).toEqual([...uncancelled]);
  });

  test("before it began, it does nothing, whatever the call", async () => {
    const signal = AbortSignal.abort();
    for (let run = 0; run < 20; run += 1) {
      const told: number[] = [];
      const result = await generate({ signal, onToken: (token) => told.push(token) });
      expect([result.kind, result.stoppedBy, result.tokens.length, told.length]).toEqual([
        "cancelled",
        "cancel",
        0,
        0,
      ]);
      for (const call of [model.read, model.score, model.reference]) {
        expect(await call({ state, tokens, signal })).toEqual({ kind: "cancelled" });
      }
    }
  });

  test("many jobs at once by one signal, without a warning, and none of them listens any longer", async () => {
    const warnings: Error[] = [];
    const keep = (warning: Error) => warnings.push(warning);
    process.on("warning", keep);
    const controller = new AbortController();
    const { signal } = controller;
    const all = await Promise.all(Array.from({ length: 16 }, () => model.read({ state, tokens, signal })));
    await new Promise((resolve) => setImmediate(resolve));
    process.off("warning", keep);
    expect(all.every(({ kind }) => kind === "finished")).toBe(true);
    expect(warnings).toEqual([]);
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  test("while it reads, it ends between two passes", async () => {
    const many = new Uint32Array(2_000_000);
    for (const call of [model.read, model.score]) {
      const controller = new AbortController();
      const running = call({ state, tokens: many, signal: controller.signal });
      controller.abort();
      expect(await running).toEqual({ kind: "cancelled" });
    }
  });
});

test("a tokenizer is needed to look for stop strings", async () => {
  await expect(generate({ stopStrings: ["x"] })).rejects.toThrow(TypeError);
});
