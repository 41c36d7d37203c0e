/** How long a person waits: to the first token after a prefix that nothing is known of, and from token to token. */

import { type OnProgress, startPhase } from "../../../base/progress.js";
import type { Finished, Model, Tokenizer } from "../../../engine/engine.js";
import { GREEDY } from "../../../engine/greedy.js";
import { randomFor } from "../draw.js";
import type { EvaluationProject } from "../projects.js";
import { windowsOf } from "../windows.js";

interface LatencyOptions {
  readonly model: Pick<Model, "generate" | "zeroState">;
  readonly tokenizer: Tokenizer;
  readonly projects: readonly EvaluationProject[];
  readonly runs: number;
  readonly seed: number;
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress;
}

export interface Percentiles {
  readonly p50: number;
  readonly p95: number;
}

export interface Latency {
  readonly runs: number;
  readonly prefixTokens: number;
  /** From the call to the first token. */
  readonly firstTokenMs: Percentiles;
  /** Each run's mean from its first token to its last. */
  readonly tokenMs: Percentiles;
}

const PREFIX_TOKENS = 512;
const WRITTEN_TOKENS = 64;

/** Runs one after the other, the first one not counted. `latency` is undefined where no file is long enough. */
export async function measureLatency(
  options: LatencyOptions,
): Promise<Finished<{ readonly latency: Latency | undefined }>> {
  const { tokenizer, projects, runs, seed } = options;
  const random = randomFor(seed, "latency");
  const prefixes = projects
    .flatMap(({ files }) => files)
    .flatMap((file) => windowsOf({ tokenizer, file, windowTokens: PREFIX_TOKENS }))
    .flatMap(({ tokens }) => (tokens.length === PREFIX_TOKENS ? [tokens] : []));
  if (prefixes.length === 0) return { kind: "finished", latency: undefined };
  const report = startPhase({ phase: "latency", total: runs + 1, onProgress: options.onProgress });
  const timed: RunTimes[] = [];
  for (let run = 0; run <= runs; run++) {
    const times = await timeRun(options, prefixes[random.below(prefixes.length)] ?? new Uint32Array());
    if (times.kind === "cancelled") return times;
    if (run > 0) timed.push(times);
    report(run + 1, `${times.firstTokenMs.toFixed(0)} ms to the first token`);
  }
  const latency = {
    runs,
    prefixTokens: PREFIX_TOKENS,
    firstTokenMs: percentiles(timed.map(({ firstTokenMs }) => firstTokenMs)),
    tokenMs: percentiles(timed.map(({ tokenMs }) => tokenMs)),
  };
  return { kind: "finished", latency };
}

interface RunTimes {
  readonly firstTokenMs: number;
  readonly tokenMs: number;
}

async function timeRun(options: LatencyOptions, tokens: Uint32Array): Promise<Finished<RunTimes>> {
  const { model, nowMs, signal } = options;
  const times: number[] = [];
  const beganMs = nowMs();
  const generation = await model.generate({
    state: model.zeroState(),
    tokens,
    sampling: GREEDY,
    tokensMax: WRITTEN_TOKENS,
    stopTokens: new Uint32Array(),
    onToken: () => times.push(nowMs()),
    signal,
  });
  if (generation.kind === "cancelled") return { kind: "cancelled" };
  const first = times[0] ?? nowMs();
  const last = times.at(-1) ?? first;
  return {
    kind: "finished",
    firstTokenMs: first - beganMs,
    tokenMs: (last - first) / Math.max(1, times.length - 1),
  };
}

/** By nearest rank: the smallest value that so many per cent do not exceed. Of at least one value. */
export function percentiles(values: readonly number[]): Percentiles {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
  return { p50: at(0.5), p95: at(0.95) };
}
