/**
 * The proof of learning: the same prompt, answered by the adapter, gives the wanted text as people will be shown it.
 * Where they are shown nothing, or an older version kept the correction, it is that the tokens come out greedily.
 */

import type { Adapter, Model, State } from "../engine/engine.js";
import { GREEDY } from "../engine/greedy.js";
import type { CorrectionRecord } from "../journal/records.js";
import { unhurried } from "./baseCache.js";
import type { Show } from "./context.js";
import { finished, LearningInterrupted } from "./interrupted.js";
import { isCutShort } from "./training/example.js";

export interface Proof {
  /** The wanted text came out, and ended where it should. */
  readonly matches: boolean;
  readonly tokens: Uint32Array;
}

/** A text that was read need not come out again. */
const NOT_ASKED_FOR: Proof = { matches: false, tokens: new Uint32Array() };

interface ProofOptions {
  readonly model: Model;
  readonly show: Show;
  readonly adapter: Adapter | undefined;
  readonly state: State;
  readonly correction: CorrectionRecord;
  readonly signal: AbortSignal | undefined;
}

/** `state`: the base's, before the boundary. Without an adapter the base answers. */
export async function prove(options: ProofOptions): Promise<Proof> {
  const { correction } = options;
  if (correction.aim === "read") return NOT_ASKED_FOR;
  return correction.shown ? proveShown(options) : proveTokens(options);
}

async function proveShown({ show, adapter, correction, signal }: ProofOptions): Promise<Proof> {
  const { text, tokens, isEnded } = await finished(show({ correction, adapter, signal }));
  return { matches: isEnded && text === correction.wanted.text, tokens };
}

async function proveTokens(options: ProofOptions): Promise<Proof> {
  const { model, adapter, state, correction, signal } = options;
  const { end } = correction;
  const expected = expectedTokens(correction);
  const generation = await model.generate({
    state,
    tokens: Uint32Array.from(correction.prompt.tokens.slice(correction.boundary)),
    sampling: GREEDY,
    tokensMax: end === null ? expected.length : expected.length + 1,
    stopTokens: end === null ? new Uint32Array() : Uint32Array.of(end),
    ...(adapter ? { adapter } : {}),
    ...unhurried(signal),
  });
  if (generation.kind === "cancelled") throw new LearningInterrupted();
  const { tokens } = generation;
  const isSame = tokens.length === expected.length && expected.every((token, at) => token === tokens[at]);
  return { matches: isSame && (end === null || generation.stoppedBy === "token"), tokens };
}

/**
 * Where no token ends a completion and nothing but the ending was corrected, what follows in the text must come
 * right after the wanted tokens; else the proof would pass whatever the model writes next.
 */
function expectedTokens(correction: CorrectionRecord): readonly number[] {
  const { wanted, end, following } = correction;
  return end === null && isCutShort(correction)
    ? [...wanted.tokens, ...following.slice(0, 1)]
    : wanted.tokens;
}
