/** Packed weights: what they cost in accuracy, and that the way of asking changes no bit. */

import { expect, test } from "vitest";
import { createEngine } from "../../lib/engine.js";
import { nativeInspector } from "../../lib/inspect.js";
import { type InstructionSet, type Model, WEIGHT_TYPES, type WeightType } from "../../lib/types.js";
import { ADAMW, bytesOf, GREEDY, maxDifference, openEngine, scoreOf, stateAfter } from "../engineFixture.js";
import { scratchFolder } from "../scratchFolder.js";
import { seededRandom } from "../seededRandom.js";
import { randomTokens, SMALL, writeModel } from "../smallModel.js";

const folder = scratchFolder();
const path = writeModel({ folder: folder.path, shape: SMALL, seed: 17 });
const engine = openEngine();
const models = Object.fromEntries(
  await Promise.all(
    WEIGHT_TYPES.map(async (weights) => [weights, await engine.loadModel({ path, weights })] as const),
  ),
) as Record<WeightType, Model>;
const tokens = randomTokens(150, 3);
const master = nativeInspector().openInspect({ path });

/**
 * Of log-probabilities, on a model with random weights, whose errors do not cancel as a trained one's do. Measured: the
 * bound is about twice what 20 other seeds gave at most.
 */
const ERROR_MAX: Readonly<Record<WeightType, number>> = { f32: 5e-5, bf16: 0.1, q8: 0.4, q4: 4 };

test.each(WEIGHT_TYPES)(
  "%s agrees with the training side's network within its tolerance",
  async (weights) => {
    const { logProbabilities } = await scoreOf(models[weights], { tokens });
    const exact = logProbabilitiesOf(master.logits({ tokens, mode: "sequence" }).logits);
    expect(maxDifference(logProbabilities, exact)).toBeLessThan(ERROR_MAX[weights]);
    if (weights !== "f32") expect(maxDifference(logProbabilities, exact)).toBeGreaterThan(1e-4);
  },
);

test("bf16 is exact for a file in bf16, and what such a file is loaded as", async () => {
  const trainer = models.f32.createTrainer({ parameters: { kind: "whole" }, seed: 1, optimizer: ADAMW });
  const rounded = `${folder.path}/rounded.safetensors`;
  await trainer.saveCheckpoint({ path: rounded, precision: "bf16" });
  const loaded = await engine.loadModel({ path: rounded });
  expect(loaded.weights).toBe("bf16");
  const { logProbabilities } = await scoreOf(loaded, { tokens });
  const asF32 = await engine.loadModel({ path: rounded, weights: "f32" });
  expect(logProbabilities).toEqual((await scoreOf(asF32, { tokens })).logProbabilities);
});

test("smaller types take less memory", () => {
  const bytes = WEIGHT_TYPES.map((weights) => models[weights].bytes);
  expect(bytes).toEqual([...bytes].sort((a, b) => b - a));
});

test.each(WEIGHT_TYPES)("%s: a text gives one State, however it is cut", async (weights) => {
  const model = models[weights];
  const whole = bytesOf(model, await stateAfter(model, { tokens }));
  const random = seededRandom(5);
  for (let round = 0; round < 5; round++) {
    let state = model.zeroState();
    for (let at = 0; at < tokens.length; ) {
      const length = 1 + Math.floor(random.uniform() ** 2 * 90);
      state = await stateAfter(model, { tokens: tokens.slice(at, at + length), state });
      at += length;
    }
    expect(bytesOf(model, state).equals(whole)).toBe(true);
  }
});

test.each(WEIGHT_TYPES)(
  "%s: writing scores what it wrote with the same bits as reading it",
  async (weights) => {
    const model = models[weights];
    const prompt = tokens.slice(0, 20);
    const written = await model.generate({
      state: model.zeroState(),
      tokens: prompt,
      sampling: { ...GREEDY, temperature: 1, seed: 9 },
      tokensMax: 30,
      stopTokens: new Uint32Array(),
    });
    const { logProbabilities } = await scoreOf(model, {
      tokens: Uint32Array.of(...prompt, ...written.tokens),
    });
    const read = logProbabilities.slice(prompt.length - 1);
    // The sampler sums the softmax in double precision.
    expect(maxDifference(read, written.logProbabilities)).toBeLessThan(1e-5);
  },
);

test.each(["scalar", "avx2", "avx512"] as const)(
  "%s gives what the others give, on any number of threads",
  async (set) => {
    const bits = await Promise.all(
      [1, 2, 3].map(async (threads) => scoresWith({ instructionSet: set, threads })),
    );
    expect(bits[1]).toEqual(bits[0]);
    expect(bits[2]).toEqual(bits[0]);
    const best = await scoresWith({ threads: 1 });
    for (const [i, weights] of WEIGHT_TYPES.entries()) {
      // Quantized activations may round the other way where the row before differs in its last bit.
      const bound = weights === "q8" || weights === "q4" ? 0.2 : 1e-4;
      expect(maxDifference(bits[0]?.[i] as Float32Array, best[i] as Float32Array)).toBeLessThan(bound);
    }
  },
);

async function scoresWith(options: { instructionSet?: InstructionSet; threads: number }) {
  const own = createEngine(options);
  try {
    const scores: Float32Array[] = [];
    for (const weights of WEIGHT_TYPES) {
      const model = await own.loadModel({ path, weights });
      scores.push((await scoreOf(model, { tokens: tokens.slice(0, 60) })).logProbabilities);
    }
    return scores;
  } finally {
    own.close();
  }
}

function logProbabilitiesOf(logits: Float32Array): Float32Array {
  const width = SMALL.vocabularySize;
  return Float32Array.from({ length: tokens.length - 1 }, (_, t) => {
    const row = logits.subarray(t * width, (t + 1) * width);
    const top = Math.max(...row);
    const sum = row.reduce((total, logit) => total + Math.exp(logit - top), 0);
    return (row[tokens[t + 1] as number] as number) - top - Math.log(sum);
  });
}
