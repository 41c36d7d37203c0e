/**
 * Tokens per second of a model shape, and in the same run what the machine could do at most: a figure without its
 * limit says nothing about the engine, and limits differ from one minute to the next on a shared machine.
 */

import type { ModelShapeConfig } from "@ouroboros/configs";
import { multiplyAddPeak, readBandwidth } from "@ouroboros/native/kernels";
import { median } from "../../base/median.js";
import type { Engine, Model, Trainer } from "../../engine/engine.js";
import { write } from "./inference.js";
import { someTokens } from "./shapes.js";

interface BenchOptions {
  readonly engine: Engine;
  readonly shape: ModelShapeConfig;
  readonly signal: AbortSignal;
  readonly onProgress: (phase: string, done: number, total: number) => void;
}

interface BenchLine {
  readonly name: string;
  readonly tokensPerSecond: number;
  /** Floating-point operations of the matrix products per second. */
  readonly flops: number;
  /** As a share of the machine's peak for arithmetic, or, for decoding, of reading all weights once per token. */
  readonly shareOfLimit: number;
}

export type BenchOutcome =
  | {
      readonly kind: "finished";
      readonly threads: number;
      readonly instructionSet: Engine["instructionSet"];
      readonly parameters: number;
      readonly peakFlops: number;
      readonly bytesPerSecond: number;
      readonly lines: readonly BenchLine[];
    }
  | { readonly kind: "cancelled" };

/** The median of an odd number of rounds: one round in which something else ran does not count. */
const ROUNDS = 5;
const DECODE_TOKENS = 64;
const PREFILL_TOKENS = 512;
const TRAIN_SEQUENCES = 8;
const TRAIN_TOKENS = 256;
const BYTES_PER_PARAMETER = 4;

export async function bench(options: BenchOptions): Promise<BenchOutcome> {
  const { engine, shape, signal, onProgress } = options;
  const { layers, width, vocabularySize } = shape;
  const { threads, instructionSet } = engine;
  const model = await engine.initialModel({ shape: { layers, width, vocabularySize }, seed: 1 });
  const { parameters } = model.info;
  onProgress("machine", 0, 4);
  const peakFlops = multiplyAddPeak({ threads, instructionSet });
  // As many bytes as the weights have: a small model lives in a cache, and its limit is that cache.
  const bytes = BYTES_PER_PARAMETER * parameters;
  const bytesPerSecond = readBandwidth({ threads, instructionSet, bytes });
  const runs = [
    { name: "decode", tokens: DECODE_TOKENS, flopsPerToken: 2 * parameters, run: decoder(model, signal) },
    { name: "prefill", tokens: PREFILL_TOKENS, flopsPerToken: 2 * parameters, run: prefiller(model, signal) },
    {
      name: "training, all weights",
      tokens: TRAIN_SEQUENCES * TRAIN_TOKENS,
      flopsPerToken: 6 * parameters,
      run: stepper(model, signal),
    },
  ];
  const lines: BenchLine[] = [];
  for (const [index, { name, tokens, flopsPerToken, run }] of runs.entries()) {
    onProgress(name, index + 1, runs.length + 1);
    const seconds = await medianSeconds(run);
    if (seconds === undefined || signal.aborted) return { kind: "cancelled" };
    const tokensPerSecond = tokens / seconds;
    const flops = flopsPerToken * tokensPerSecond;
    const shareOfLimit = name === "decode" ? (tokensPerSecond * bytes) / bytesPerSecond : flops / peakFlops;
    lines.push({ name, tokensPerSecond, flops, shareOfLimit });
  }
  return { kind: "finished", threads, instructionSet, parameters, peakFlops, bytesPerSecond, lines };
}

/** `run` resolves to false when it was cancelled. The first call warms caches and is not counted. */
async function medianSeconds(run: () => Promise<boolean>): Promise<number | undefined> {
  if (!(await run())) return undefined;
  const seconds: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const startedMs = performance.now();
    if (!(await run())) return undefined;
    seconds.push((performance.now() - startedMs) / 1000);
  }
  return median(seconds);
}

function decoder(model: Model, signal: AbortSignal): () => Promise<boolean> {
  const request = { model, tokens: Uint32Array.of(1), tokensMax: DECODE_TOKENS, signal };
  return () => write({ ...request, state: model.zeroState() });
}

function prefiller(model: Model, signal: AbortSignal): () => Promise<boolean> {
  const tokens = someTokens(PREFILL_TOKENS, model.info.vocabularySize);
  return async () => (await model.read({ state: model.zeroState(), tokens, signal })).kind === "finished";
}

function stepper(model: Model, signal: AbortSignal): () => Promise<boolean> {
  const trainer: Trainer = model.createTrainer({
    parameters: { kind: "whole" },
    seed: 1,
    optimizer: { beta1: 0.9, beta2: 0.99, epsilon: 1e-18, weightDecay: 0.01, clip: 1, groups: "official" },
  });
  const tokens = someTokens(TRAIN_TOKENS + 1, model.info.vocabularySize);
  const weights = new Float32Array(TRAIN_TOKENS).fill(1);
  const sequences = Array.from({ length: TRAIN_SEQUENCES }, () => ({ tokens, weights }));
  return async () => (await trainer.step({ sequences, learningRate: 1e-4, signal })).kind === "finished";
}
