/** Writing, reading and appending tokens: what completions are made of. */

import type { Model, State } from "../../engine/engine.js";
import { GREEDY } from "../../engine/greedy.js";
import { bytesPerToken, readOperations } from "./costs.js";
import { type BenchRun, type Figure, type Measurement, measureInTurns, type Task } from "./figures.js";
import { type Machine, productLimit, readLimit } from "./limits.js";
import { someTokens } from "./shapes.js";

export interface BenchSubject {
  readonly machine: Machine;
  readonly model: Model;
}

const DECODE_TOKENS = 64;
const PREFILL_TOKENS = 512;
const HOT_TOKENS = 64;
const APPENDED = [1, 2, 4, 8, 16];
/** One append is too short to be timed alone. */
const APPENDS_PER_RUN = 8;

/** Reads `tokens` after `state` and writes `tokensMax`. False: it was cancelled. */
export async function write(options: {
  readonly model: Model;
  readonly state: State;
  readonly tokens: Uint32Array;
  readonly tokensMax: number;
  readonly signal: AbortSignal;
}): Promise<boolean> {
  const { model, ...request } = options;
  const generation = await model.generate({ ...request, sampling: GREEDY, stopTokens: new Uint32Array() });
  return generation.kind === "finished";
}

/** The State after some tokens, as decoding has one. */
export async function hotState(model: Model, signal: AbortSignal): Promise<Measurement<State>> {
  const read = await model.read({
    state: model.zeroState(),
    tokens: someTokens(HOT_TOKENS, model.info.vocabularySize),
    signal,
  });
  return read.kind === "finished" ? read.state : undefined;
}

export async function benchDecode(
  { machine, model }: BenchSubject,
  run: BenchRun,
): Promise<Measurement<readonly Figure[]>> {
  const state = await hotState(model, run.signal);
  if (state === undefined) return undefined;
  const bytes = bytesPerToken(model);
  const request = { model, state, tokens: Uint32Array.of(1), tokensMax: DECODE_TOKENS, signal: run.signal };
  const task: Task = {
    name: `decode, ${DECODE_TOKENS} tokens`,
    unit: "tokens/s",
    amount: DECODE_TOKENS,
    work: DECODE_TOKENS * bytes,
    run: () => write(request),
  };
  return measureInTurns({ tasks: [task], limit: readLimit(machine, bytes), run });
}

export async function benchPrefill(
  { machine, model }: BenchSubject,
  run: BenchRun,
): Promise<Measurement<readonly Figure[]>> {
  const tokens = someTokens(PREFILL_TOKENS, model.info.vocabularySize);
  const state = model.zeroState();
  const task: Task = {
    name: `prefill, ${PREFILL_TOKENS} tokens`,
    unit: "tokens/s",
    amount: PREFILL_TOKENS,
    work: readOperations(model.info, PREFILL_TOKENS, 1),
    run: () => write({ model, state, tokens, tokensMax: 1, signal: run.signal }),
  };
  return measureInTurns({ tasks: [task], limit: productLimit(machine, model.weights), run });
}

/** A figure per number of tokens; each includes the logits after the last of them. */
export async function benchAppend(
  { machine, model }: BenchSubject,
  run: BenchRun,
): Promise<Measurement<readonly Figure[]>> {
  const state = await hotState(model, run.signal);
  if (state === undefined) return undefined;
  const bytes = bytesPerToken(model);
  const tasks = APPENDED.map((count): Task => {
    const tokens = someTokens(count, model.info.vocabularySize);
    return {
      name: `append ${count}`,
      unit: "ms",
      amount: APPENDS_PER_RUN,
      work: APPENDS_PER_RUN * bytes,
      async run() {
        for (let each = 0; each < APPENDS_PER_RUN; each += 1) {
          if (!(await write({ model, state, tokens, tokensMax: 1, signal: run.signal }))) return false;
        }
        return true;
      },
    };
  });
  return measureInTurns({ tasks, limit: readLimit(machine, bytes), run });
}
