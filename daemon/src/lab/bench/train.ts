/** Optimizer steps on made-up text: all weights, LoRA, or initial States. */

import { BIG_MATRICES, type TrainedParameters, type Trainer } from "../../engine/engine.js";
import { trainOperations } from "./costs.js";
import { type BenchRun, type Figure, type Measurement, measureInTurns, type Task } from "./figures.js";
import type { BenchSubject } from "./inference.js";
import { trainLimit } from "./limits.js";
import { someTokens } from "./shapes.js";

export const TRAIN_KINDS = ["full", "lora", "state"] as const;
type TrainKind = (typeof TRAIN_KINDS)[number];

interface TrainBench {
  readonly kind: TrainKind;
  readonly sequences: number;
  readonly tokens: number;
}

const LORA_RANK = 16;
const ROUNDS = 5;

export async function benchTrain(
  { machine, model }: BenchSubject,
  { kind, sequences, tokens }: TrainBench,
  run: BenchRun,
): Promise<Measurement<readonly Figure[]>> {
  const trainer: Trainer = model.createTrainer({
    parameters: parametersOf(kind),
    seed: 1,
    optimizer: {
      beta1: 0.9,
      beta2: 0.99,
      epsilon: 1e-18,
      weightDecay: kind === "full" ? 0.01 : 0,
      clip: 1,
      groups: kind === "full" ? "official" : "uniform",
    },
  });
  const text = someTokens(tokens + 1, model.info.vocabularySize);
  const weights = new Float32Array(tokens).fill(1);
  const batch = Array.from({ length: sequences }, () => ({ tokens: text, weights }));
  const count = sequences * tokens;
  const task: Task = {
    name: `train ${kind}, ${sequences} x ${tokens} tokens`,
    unit: "tokens/s",
    amount: count,
    work: trainOperations(model.info, count, kind === "full" ? "all" : "few"),
    async run() {
      const step = await trainer.step({ sequences: batch, learningRate: 1e-5, signal: run.signal });
      return step.kind === "finished";
    },
  };
  return measureInTurns({ tasks: [task], limit: trainLimit(machine), rounds: ROUNDS, run });
}

function parametersOf(kind: TrainKind): TrainedParameters {
  if (kind === "full") return { kind: "whole" };
  if (kind === "state") return { kind: "state" };
  return { kind: "lora", rank: LORA_RANK, alpha: LORA_RANK, targets: BIG_MATRICES };
}
