/** The whole engine on every instruction set of this machine: what it writes and learns differs by rounding only. */

import { describe, expect, test } from "vitest";
import { createEngine } from "../../lib/engine.js";
import { instructionSets } from "../../lib/kernels.js";
import type { EngineOptions, Model, TrainedParameters } from "../../lib/types.js";
import { BIG_MATRICES } from "../../lib/types.js";
import { ADAMW, GREEDY, maxDifference, openEngine, scoreOf, sequenceOf } from "../engineFixture.js";
import { expectEngineError } from "../expectEngineError.js";
import { scratchFolder } from "../scratchFolder.js";
import { randomTokens, SMALL, writeModel } from "../smallModel.js";

const SETS = instructionSets();
/** Log-probabilities and losses of one set against another's. */
const ROUNDING_MAX = 2e-5;
/** Some steps of training make roundings larger. */
const TRAINED_ROUNDING_MAX = 2e-3;

const folder = scratchFolder();
const path = writeModel({ folder: folder.path, shape: SMALL, seed: 91 });
const prompt = randomTokens(70, 92);
const scalar = await openEngine({ threads: 1, instructionSet: "scalar", precision: "f32" }).loadModel({
  path,
});

async function lossesOf(model: Model, trained: TrainedParameters): Promise<number[]> {
  const trainer = model.createTrainer({ parameters: trained, seed: 93, optimizer: ADAMW });
  const sequences = [33, 70].map((length, i) => sequenceOf(randomTokens(length, 94 + i)));
  const losses: number[] = [];
  for (let step = 0; step < 5; step += 1) {
    const result = await trainer.step({ sequences, learningRate: 1e-3 });
    losses.push(result.kind === "finished" ? result.loss : Number.NaN);
  }
  return losses;
}

describe.each(SETS)("an engine of %s", (instructionSet) => {
  test.each([1, 3])(
    "writes what the portable kernels find most probable, with %i threads",
    async (threads) => {
      const engine = openEngine({ threads, instructionSet });
      expect(engine.instructionSet).toBe(instructionSet);
      const model = await engine.loadModel({ path });
      const told: number[] = [];
      const { tokens } = await model.generate({
        state: model.zeroState(),
        tokens: prompt,
        sampling: GREEDY,
        tokensMax: 32,
        stopTokens: new Uint32Array(),
        onToken: (_token, logProbability) => void told.push(logProbability),
      });
      const score = await scoreOf(scalar, { tokens: Uint32Array.from([...prompt, ...tokens]) });
      const last = prompt.length - 1;
      expect([...tokens]).toEqual([...score.best.subarray(last)]);
      expect(maxDifference(told, score.logProbabilities.subarray(last))).toBeLessThan(ROUNDING_MAX);
    },
  );

  test.each<[string, TrainedParameters]>([
    ["the whole model", { kind: "whole" }],
    ["a LoRA", { kind: "lora", rank: 5, alpha: 8, targets: BIG_MATRICES }],
  ])("trains %s as the portable kernels do", async (_name, trained) => {
    const engine = openEngine({ threads: 2, instructionSet, precision: "f32" });
    const model = await engine.loadModel({ path });
    const [actual, expected] = [await lossesOf(model, trained), await lossesOf(scalar, trained)];
    expect(actual.at(-1)).toBeLessThan(actual[0] ?? 0);
    expect(maxDifference(actual.slice(0, 1), expected.slice(0, 1))).toBeLessThan(ROUNDING_MAX);
    expect(maxDifference(actual, expected)).toBeLessThan(TRAINED_ROUNDING_MAX);
  });
});

describe("which set is used", () => {
  const usedFor = (options: EngineOptions) => {
    const engine = createEngine({ threads: 1, ...options });
    engine.close();
    return engine.instructionSet;
  };

  test("is the best one where none is named", () => {
    expect(usedFor({})).toBe(SETS.at(-1));
  });

  test("is the best up to the named one, or the best of all if that is another kind of processor's", () => {
    const isX86 = process.arch === "x64";
    const upTo = (...names: string[]) => SETS.findLast((set) => names.includes(set));
    expect(usedFor({ instructionSet: "scalar" })).toBe("scalar");
    expect(usedFor({ instructionSet: "avx2" })).toBe(isX86 ? upTo("scalar", "avx2") : SETS.at(-1));
    expect(usedFor({ instructionSet: "avx512" })).toBe(SETS.at(-1));
    expect(usedFor({ instructionSet: "neon" })).toBe(SETS.at(-1));
  });

  test("must have a name that is known", () => {
    for (const name of ["AVX2", "", "sse", 3] as unknown[]) {
      const options = { threads: 1, instructionSet: name } as EngineOptions;
      expectEngineError(() => createEngine(options), "argument", "instructionSet");
    }
  });
});
