/**
 * A figure and the limit it is held against, taken turn by turn: on a shared machine both move from minute to minute,
 * and only what was measured side by side can be divided.
 */

import { median } from "../../base/median.js";

/** Figures over several rounds; `spread` is the distance from worst to best as a share of the median. */
export interface Summary {
  readonly median: number;
  readonly best: number;
  readonly spread: number;
}

interface Limit extends Summary {
  readonly name: string;
  readonly unit: string;
}

export interface Figure extends Summary {
  readonly name: string;
  /** `ms` of one is better if smaller, something per second if larger. */
  readonly unit: string;
  readonly rounds: number;
  readonly limit?: Limit;
  /** As a share of the limit, by medians: 1 is all that the machine can do. */
  readonly fraction?: number;
}

export interface BenchRun {
  readonly signal: AbortSignal;
  readonly onProgress: (phase: string, done: number, total: number) => void;
}

/** Undefined once the person has stopped it. */
export type Measurement<T> = T | undefined;

/** The most that the machine could do, in operations or bytes per second. */
export interface LimitProbe {
  readonly name: string;
  readonly unit: "GB/s" | "GFLOP/s" | "GOP/s";
  readonly perSecond: () => number;
}

export interface Task {
  readonly name: string;
  readonly unit: string;
  /** The amount of what is measured in one run: tokens for tokens/s, appends for the ms of one. */
  readonly amount: number;
  /** Resolves to false when it was cancelled. */
  readonly run: () => Promise<boolean>;
  /** Operations or bytes of one run, in the terms of the limit. */
  readonly work?: number;
}

/** One round in which something else ran does not move the median of so many. */
const ROUNDS = 7;

/**
 * Every round runs the limit and then each task once, after one round that warms caches and is not counted.
 * One limit for all: tasks that have another are measured in a call of their own.
 */
export async function measureInTurns(options: {
  readonly tasks: readonly Task[];
  readonly limit?: LimitProbe;
  readonly rounds?: number;
  readonly run: BenchRun;
}): Promise<Measurement<readonly Figure[]>> {
  const { tasks, limit, rounds = ROUNDS, run } = options;
  const limits: number[] = [];
  const seconds = tasks.map((): number[] => []);
  for (let round = -1; round < rounds; round += 1) {
    if (limit !== undefined && round >= 0) limits.push(limit.perSecond());
    for (const [index, task] of tasks.entries()) {
      run.onProgress(task.name, (round + 1) * tasks.length + index, (rounds + 1) * tasks.length);
      // A limit keeps this thread busy: without a pause Ctrl-C would not be heard.
      await new Promise((resolve) => setImmediate(resolve));
      if (run.signal.aborted) return undefined;
      const startedMs = performance.now();
      if (!(await task.run()) || run.signal.aborted) return undefined;
      if (round >= 0) seconds[index]?.push((performance.now() - startedMs) / 1000);
    }
  }
  return tasks.map((task, index) => figureOf({ task, seconds: seconds[index] ?? [], limits, limit }));
}

function figureOf(measured: {
  readonly task: Task;
  readonly seconds: readonly number[];
  readonly limits: readonly number[];
  readonly limit: LimitProbe | undefined;
}): Figure {
  const { task, seconds, limits, limit } = measured;
  const { name, unit, amount, work } = task;
  const values = seconds.map((each) => (unit === "ms" ? (1000 * each) / amount : amount / each));
  const figure = {
    name,
    unit,
    rounds: seconds.length,
    ...summarize(values, unit === "ms" ? "least" : "most"),
  };
  if (limit === undefined || work === undefined) return figure;
  const reached = work / summarize(seconds, "least").median;
  return {
    ...figure,
    limit: limitOf(limit, limits),
    fraction: reached / summarize(limits, "most").median,
  };
}

function limitOf(probe: LimitProbe, perSecond: readonly number[]): Limit {
  const inGiga = perSecond.map((each) => each / 1e9);
  return { name: probe.name, unit: probe.unit, ...summarize(inGiga, "most") };
}

/** At least one value; `best` names the end that is the good one. */
export function summarize(values: readonly number[], best: "most" | "least"): Summary {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const middle = median(values);
  return {
    median: middle,
    best: best === "most" ? most : least,
    spread: middle === 0 ? 0 : (most - least) / middle,
  };
}
