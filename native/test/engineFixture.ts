/** What most tests of the engine begin with: an engine that is closed in the end, plain options, and shortcuts. */

import { afterAll } from "vitest";
import { createEngine } from "../lib/engine.js";
import type {
  Adapter,
  Engine,
  EngineOptions,
  Model,
  OptimizerOptions,
  ReadOptions,
  Sampling,
  Score,
  State,
  TrainSequence,
} from "../lib/types.js";
import { randomTokens } from "./smallModel.js";

export function openEngine(options: EngineOptions = { threads: 2 }): Engine {
  const engine = createEngine(options);
  afterAll(() => engine.close());
  return engine;
}

export const GREEDY: Sampling = {
  temperature: 0,
  topP: 1,
  topK: 0,
  alphaPresence: 0,
  alphaFrequency: 0,
  alphaDecay: 1,
  repetitionPenalty: 1,
  tokenBan: new Uint32Array(),
  seed: 0,
};

export const ADAMW: OptimizerOptions = {
  beta1: 0.9,
  beta2: 0.99,
  epsilon: 1e-18,
  weightDecay: 0,
  clip: 0,
  groups: "uniform",
};

/** Plain gradient descent by AdamW: without memory and with an epsilon that drowns the second moment. */
export const DESCENT: OptimizerOptions = { ...ADAMW, beta1: 0, beta2: 0, epsilon: 1e6 };
/** The learning rate at which a step of DESCENT subtracts the gradient itself. */
export const DESCENT_UNIT_RATE = 1e6;

export async function stateAfter(model: Model, options: Partial<ReadOptions> & Pick<ReadOptions, "tokens">) {
  const result = await model.read({ state: model.zeroState(), ...options });
  if (result.kind === "cancelled") throw new Error("nobody cancelled this read");
  return result.state;
}

export async function scoreOf(model: Model, options: Partial<ReadOptions> & Pick<ReadOptions, "tokens">) {
  const result = await model.score({ state: model.zeroState(), ...options });
  if (result.kind === "cancelled") throw new Error("nobody cancelled this score");
  return result;
}

export function bytesOf(model: Model, state: State): Buffer {
  return Buffer.from(model.stateToBytes(state));
}

/** Every position counts once. */
export function sequenceOf(tokens: Uint32Array): TrainSequence {
  return { tokens, weights: new Float32Array(tokens.length - 1).fill(1) };
}

/** An adapter that changes what the model says: a few large steps on random tokens. */
export async function trainedLora(model: Model, seed: number): Promise<Adapter> {
  const trainer = model.createTrainer({
    parameters: { kind: "lora", rank: 3, alpha: 4, targets: ["att.value", "ffn.key", "ffn.value"] },
    seed,
    optimizer: ADAMW,
  });
  const sequences = [sequenceOf(randomTokens(40, seed, model.info.vocabularySize))];
  for (let step = 0; step < 3; step += 1) await trainer.step({ sequences, learningRate: 0.05 });
  return trainer.publish();
}

/** The parts of a Score that are numbers, for comparing whole scores bit for bit. */
export function numbersOf({ logProbabilities, best, margins }: Score): Record<string, number[]> {
  return { logProbabilities: [...logProbabilities], best: [...best], margins: [...margins] };
}

export function maxDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let worst = 0;
  for (let i = 0; i < a.length; i += 1) {
    const difference = Math.abs((a[i] ?? Number.NaN) - (b[i] ?? Number.NaN));
    if (!(difference <= worst)) worst = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
  }
  return worst;
}
