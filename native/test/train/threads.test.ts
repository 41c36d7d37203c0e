/** Training is a function of its inputs and its seed, not of the number of threads. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { instructionSets } from "../../lib/kernels.js";
import type { InstructionSet, Precision, TrainedParameters } from "../../lib/types.js";
import { BIG_MATRICES } from "../../lib/types.js";
import { ADAMW, openEngine, sequenceOf, stateAfter } from "../engineFixture.js";
import { scratchFolder } from "../scratchFolder.js";
import { randomTokens, SMALL, writeModel } from "../smallModel.js";

const folder = scratchFolder();
/** A vocabulary and widths over which matrix products are split, with remainders everywhere. */
const SHAPE = { ...SMALL, vocabularySize: 1100, ffnWidth: 600 };
const path = writeModel({ folder: folder.path, shape: SHAPE, seed: 61 });

interface Run {
  readonly threads: number;
  readonly steps?: number;
  readonly trained: TrainedParameters;
  readonly seed?: number;
  readonly instructionSet?: InstructionSet;
  readonly precision?: Precision;
}

/** Losses, and a hash over parameters and moments after some steps. */
async function trainingOf({ threads, trained, seed = 1, steps = 5, instructionSet, precision }: Run) {
  const engine = openEngine({
    threads,
    ...(instructionSet && { instructionSet }),
    ...(precision && { precision }),
  });
  const model = await engine.loadModel({ path });
  const state = await stateAfter(model, { tokens: randomTokens(20, 62, 1100) });
  const reference = await model.reference({ state, tokens: randomTokens(40, 63, 1100) });
  const held = {
    ...sequenceOf(randomTokens(41, 63, 1100)),
    state,
    klWeights: new Float32Array(40).fill(1),
    ...(reference.kind === "finished" && { reference: reference.logits }),
  };
  const sequences = [
    held,
    ...[1, 16, 33, 70].map((length, i) => sequenceOf(randomTokens(length + 1, 64 + i, 1100))),
  ];
  const optimizer = { ...ADAMW, weightDecay: 0.1, clip: 1, groups: "official" as const };
  const trainer = model.createTrainer({ parameters: trained, seed, optimizer });
  const losses: number[] = [];
  for (let step = 0; step < steps; step += 1) {
    const result = await trainer.step({ sequences, learningRate: 1e-3, l2wrap: true });
    losses.push(result.kind === "finished" ? result.loss : Number.NaN);
  }
  const file = `${folder.path}/training.safetensors`;
  await trainer.save({ path: file });
  engine.close();
  return { losses, hash: createHash("sha256").update(readFileSync(file)).digest("hex") };
}

const WHOLE: TrainedParameters = { kind: "whole" };
const LORA: TrainedParameters = { kind: "lora", rank: 5, alpha: 8, targets: BIG_MATRICES };

describe.each([
  ["the whole model", WHOLE],
  ["a LoRA", LORA],
] as const)("training %s ends in the same bits", (_name, trained) => {
  test.each(["f32", "bf16"] as const)(
    "with one, two, three or four threads, and twice, in %s",
    async (precision) => {
      const expected = await trainingOf({ threads: 1, trained, precision });
      expect(expected.losses.every(Number.isFinite)).toBe(true);
      expect(expected.losses.at(-1)).toBeLessThan(expected.losses[0] ?? 0);
      for (const threads of [1, 2, 3, 4]) {
        expect(await trainingOf({ threads, trained, precision })).toEqual(expected);
      }
    },
  );

  test.each(instructionSets())("with kernels of %s", async (instructionSet) => {
    const options = { trained, instructionSet, steps: 2 };
    const one = await trainingOf({ threads: 1, ...options });
    expect(await trainingOf({ threads: 3, ...options })).toEqual(one);
  });
});

test("another seed starts a LoRA elsewhere", async () => {
  const [one, two] = [
    await trainingOf({ threads: 2, trained: LORA, steps: 1, seed: 1 }),
    await trainingOf({ threads: 2, trained: LORA, steps: 1, seed: 2 }),
  ];
  expect(two.hash).not.toBe(one.hash);
});
