/** The two threads by the clock: a Generation waits for no training step, and a step ends soon when it is told to. */

import { describe, expect, test } from "vitest";
import { ADAMW, GREEDY, openEngine, sequenceOf } from "../engineFixture.js";
import { scratchFolder } from "../scratchFolder.js";
import { randomTokens, SMALL, TINY, writeModel } from "../smallModel.js";

const folder = scratchFolder();
const WHOLE = { parameters: { kind: "whole" }, seed: 1, optimizer: ADAMW } as const;

describe("two threads", () => {
  test("a Generation does not wait for the training step that runs, and both finish", async () => {
    const engine = openEngine();
    const model = await engine.loadModel({
      path: writeModel({ folder: folder.path, shape: { ...SMALL, layers: 6 }, seed: 74 }),
    });
    const trainer = model.createTrainer(WHOLE);
    const order: string[] = [];
    const sequences = Array.from({ length: 12 }, (_, i) => sequenceOf(randomTokens(257, 75 + i)));
    const step = trainer
      .step({ sequences, learningRate: 1e-3 })
      .then((result) => order.push(`step ${result.kind}`));
    const written = model
      .generate({
        state: model.zeroState(),
        tokens: randomTokens(20, 72),
        sampling: GREEDY,
        tokensMax: 8,
        stopTokens: new Uint32Array(),
      })
      .then((result) => order.push(`generation ${result.kind}`));
    await Promise.all([step, written]);
    expect(order).toEqual(["generation finished", "step finished"]);
  });

  test("a long training step ends soon after it is cancelled", async () => {
    const engine = openEngine();
    const model = await engine.loadModel({
      path: writeModel({ folder: folder.path, shape: { ...TINY, layers: 12 }, seed: 76 }),
    });
    const trainer = model.createTrainer(WHOLE);
    const sequences = Array.from({ length: 16 }, (_, i) => sequenceOf(randomTokens(257, 77 + i)));
    const secondsOf = async (signal?: AbortSignal) => {
      const begin = performance.now();
      const { kind } = await trainer.step({ sequences, learningRate: 0, ...(signal && { signal }) });
      return { kind, ms: performance.now() - begin };
    };
    await secondsOf();
    const whole = await secondsOf();
    const controller = new AbortController();
    const cancelled = secondsOf(controller.signal);
    setTimeout(() => controller.abort(), whole.ms / 10);
    expect((await cancelled).kind).toBe("cancelled");
    // A tenth, and the layer that runs then; the bound leaves room for a busy machine.
    expect((await cancelled).ms / whole.ms).toBeLessThan(0.5);
  });
});
