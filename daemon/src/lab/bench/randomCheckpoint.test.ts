import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { createEngine } from "../../engine/engine.js";
import { GREEDY } from "../../engine/greedy.js";
import { writeRandomCheckpoint } from "./randomCheckpoint.js";
import { someTokens } from "./shapes.js";

const folder = mkdtempSync(join(tmpdir(), "ouro-random-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("random weights load as a model of their shape, and it writes with finite probabilities", async () => {
  const shape = {
    layers: 3,
    width: 128,
    vocabularySize: 500,
    loraRanks: { w: 64, a: 32, v: 32, g: 96 },
  };
  const path = join(folder, "random.safetensors");
  await writeRandomCheckpoint({ path, shape, signal: new AbortController().signal });
  const engine = createEngine({ threads: 1 });
  try {
    const model = await engine.loadModel({ path });
    expect(model.info).toMatchObject({ ...shape, heads: 2, ffnWidth: 512 });
    const { tokens, logProbabilities } = await model.generate({
      state: model.zeroState(),
      tokens: someTokens(300, shape.vocabularySize),
      sampling: GREEDY,
      tokensMax: 8,
      stopTokens: new Uint32Array(),
    });
    expect(tokens).toHaveLength(8);
    // Not sure of one token, and not equally unsure of all: the weights do something.
    for (const each of logProbabilities) {
      expect(each).toBeGreaterThan(-Math.log(shape.vocabularySize) + 0.01);
      expect(each).toBeLessThan(-1e-6);
    }
  } finally {
    engine.close();
  }
});

test("nothing is measured on the file of a writer that was stopped", async () => {
  const path = join(folder, "stopped.safetensors");
  const shape = { layers: 1, width: 64, vocabularySize: 300, loraRanks: { w: 32, a: 32, v: 32, g: 32 } };
  await writeRandomCheckpoint({ path, shape, signal: AbortSignal.abort() });
  const engine = createEngine({ threads: 1 });
  try {
    await expect(engine.loadModel({ path })).rejects.toThrow();
  } finally {
    engine.close();
  }
});
