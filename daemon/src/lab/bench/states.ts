/** States: what a fork costs, and that a token costs the same however much was read before it. */

import type { Model, State } from "../../engine/engine.js";
import { type BenchRun, type Figure, type Measurement, measureInTurns, type Task } from "./figures.js";
import { type BenchSubject, hotState, write } from "./inference.js";
import { readLimit } from "./limits.js";
import { someTokens } from "./shapes.js";

/** Forks of one run: a State is copied in microseconds. */
const FORKS_PER_RUN = 100;
const DEPTH_MIN = 1024;
const DEPTH_STEP = 4;
const DEPTH_TOKENS = 32;
/** Tokens read between two looks at the person's wish to stop. */
const READ_AT_ONCE = 4096;

export async function benchFork(
  { machine, model }: BenchSubject,
  run: BenchRun,
): Promise<Measurement<readonly Figure[]>> {
  const state = await hotState(model, run.signal);
  if (state === undefined) return undefined;
  const bytes = model.stateToBytes(state);
  const repeated = (name: string, each: () => Promise<boolean> | boolean): Task => ({
    name,
    unit: "ms",
    amount: FORKS_PER_RUN,
    work: FORKS_PER_RUN * bytes.length,
    async run() {
      for (let count = 0; count < FORKS_PER_RUN; count += 1) if (!(await each())) return false;
      return true;
    },
  });
  const nothing = new Uint32Array();
  const tasks = [
    repeated("copy", async () => {
      return (await model.read({ state, tokens: nothing, signal: run.signal })).kind === "finished";
    }),
    repeated("save to bytes", () => model.stateToBytes(state).length > 0),
    repeated("load from bytes", () => model.stateFromBytes(bytes) !== undefined),
  ];
  return measureInTurns({ tasks, limit: readLimit(machine, bytes.length), run });
}

/** Tokens per second after 1 k, 4 k, 16 k … tokens, the depths alternating. */
export async function benchContext(
  { model }: BenchSubject,
  tokensMax: number,
  run: BenchRun,
): Promise<Measurement<readonly Figure[]>> {
  const states = await statesByDepth(model, tokensMax, run);
  if (states === undefined) return undefined;
  const tasks = states.map(({ depth, state }): Task => {
    const request = { model, state, tokens: Uint32Array.of(1), tokensMax: DEPTH_TOKENS, signal: run.signal };
    return {
      name: `after ${depth} tokens`,
      unit: "tokens/s",
      amount: DEPTH_TOKENS,
      run: () => write(request),
    };
  });
  return measureInTurns({ tasks, run, rounds: 15 });
}

interface DeepState {
  readonly depth: number;
  readonly state: State;
}

async function statesByDepth(
  model: Model,
  tokensMax: number,
  run: BenchRun,
): Promise<Measurement<readonly DeepState[]>> {
  const tokens = someTokens(READ_AT_ONCE, model.info.vocabularySize);
  const states: DeepState[] = [];
  let [depth, state] = [0, model.zeroState()];
  for (const wanted of depthsUpTo(tokensMax)) {
    while (depth < wanted) {
      run.onProgress("reading", depth, tokensMax);
      const count = Math.min(READ_AT_ONCE, wanted - depth);
      const read = await model.read({ state, tokens: tokens.subarray(0, count), signal: run.signal });
      if (read.kind === "cancelled") return undefined;
      [depth, state] = [depth + count, read.state];
    }
    states.push({ depth, state });
  }
  return states;
}

export function depthsUpTo(tokensMax: number): readonly number[] {
  const depths: number[] = [];
  for (let depth = DEPTH_MIN; depth < tokensMax; depth *= DEPTH_STEP) depths.push(depth);
  return [...depths, tokensMax];
}
