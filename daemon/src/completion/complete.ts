/**
 * One draft, readable from top to bottom: the base reads the prompt up to its boundary, the adapted model writes. Knows
 * nothing of editors, projects or learning: it is given a model, a prompt and perhaps an adapter.
 */

import type { Adapter, Model, Priority, Sampling, State, Tokenizer } from "../engine/engine.js";
import type { CompletionPrompt } from "../prompt/completionPrompt.js";
import { controlsOf, stopTokens } from "../prompt/controls.js";
import { tokensMaxWith } from "../prompt/following.js";
import { healingBan } from "../prompt/tokenHealing.js";
import type { Session } from "../states/session.js";
import { type Draft, DraftWriter } from "./draft.js";
import { promptMarks } from "./promptMarks.js";
import { isMidLine } from "./stopRules.js";

export interface CompleteOptions {
  readonly model: Model;
  readonly tokenizer: Tokenizer;
  /** What was learned; without an adapter the base answers. */
  readonly adapter?: Adapter | undefined;
  /** `boundary`: the base reads the prompt, as with corrections; `whole`: the adapter does, as with taught texts. */
  readonly adapterScope: "boundary" | "whole";
  /** Keeps what the base has read of the document; it has no use where the adapter reads. */
  readonly session?: Session;
  /** Default: `interactive`. */
  readonly priority?: Priority;
  readonly prompt: CompletionPrompt;
  readonly sampling: Sampling;
  readonly tokensMax: number;
  /** What the project has taught: such a text may be written to its end, whatever limits hold for others. */
  readonly taught?: readonly string[];
  /**
   * What ends the draft besides the model's own ending and `tokensMax`: this text, unless it is empty; or the rules of
   * `stopRules.ts` for the text before and after the cursor.
   */
  readonly stop: string | { readonly prefix: string; readonly suffix: string };
  readonly signal: AbortSignal;
  /** Whole characters as they come. Where rules end the draft, its last ones may be taken back: see the result. */
  readonly onText?: (text: string) => void;
}

type Cancelled = { readonly kind: "cancelled" };

/** Rejects with EngineError only. */
export async function complete(options: CompleteOptions): Promise<Draft | Cancelled> {
  const read = await readPrompt(options);
  if (read.kind === "cancelled") return { kind: "cancelled" };
  const { stopText, writer } = writerFor(options);
  const healed = await heal(options, { state: read.state, writer });
  if (healed.kind === "cancelled") return { kind: "cancelled" };
  const { stoppedBy } = await write(options, { ...healed, stopText, writer });
  if (options.signal.aborted) return { kind: "cancelled" };
  return writer.end({ stoppedBy, tokensRead: read.tokensRead });
}

/** Who makes text of the tokens that are written, and stops them. */
export function writerFor(
  options: Pick<CompleteOptions, "tokenizer" | "prompt" | "stop" | "taught" | "tokensMax" | "onText">,
) {
  const { tokenizer, prompt, stop, taught = [], tokensMax, onText = () => {} } = options;
  const rulesAt = typeof stop === "string" || isMidLine(stop.suffix) ? undefined : stop;
  const stopText = typeof stop === "string" ? stop : rulesAt ? "" : "\n";
  const writer = new DraftWriter({ tokenizer, prompt, stopText, rulesAt, taught, tokensMax, onText });
  return { stopText, writer };
}

async function readPrompt(options: CompleteOptions) {
  const { model, adapter, adapterScope, session, prompt, signal, priority = "interactive" } = options;
  const { tokens, boundary } = prompt;
  if (session && adapterScope === "boundary") {
    return session.stateBefore({ tokens, boundary, marks: promptMarks(prompt), signal, priority });
  }
  const reading = adapterScope === "whole" && adapter ? { adapter } : {};
  const read = await model.read({
    state: model.zeroState(),
    tokens: tokens.subarray(0, boundary),
    signal,
    priority,
    ...reading,
  });
  return { ...read, tokensRead: boundary };
}

/** Writes the healed prefix. Returns its last token and the State before that one, from which the model goes on freely. */
async function heal(
  options: CompleteOptions,
  begun: { readonly state: State; readonly writer: DraftWriter },
) {
  const { model, tokenizer, adapter, prompt, sampling, signal, priority = "interactive" } = options;
  const vocabularySize = model.info.vocabularySize;
  const reading = { signal, priority, ...(adapter ? { adapter } : {}) };
  let { state } = begun;
  let tokens = prompt.tokens.subarray(prompt.boundary);
  let healedPrefix = new TextEncoder().encode(prompt.healedPrefix);
  // Each token takes at least a byte of the healed prefix.
  while (healedPrefix.length > 0) {
    const tokenBan = healingBan({ tokenizer, vocabularySize, healedPrefix });
    const chosen = await model.generate({
      ...reading,
      state,
      tokens,
      sampling: { ...sampling, tokenBan },
      tokensMax: 1,
      stopTokens: new Uint32Array(),
    });
    const [token] = chosen.tokens;
    if (token === undefined) return { kind: "cancelled" } as const;
    begun.writer.addHealed(token, chosen.logProbabilities[0] ?? 0);
    const read = await model.read({ ...reading, state, tokens });
    if (read.kind === "cancelled") return read;
    ({ state } = read);
    tokens = Uint32Array.of(token);
    healedPrefix = healedPrefix.subarray(tokenizer.bytesOf(token)?.length ?? healedPrefix.length);
  }
  return { kind: "healed", state, tokens } as const;
}

/** The rest, until the engine or a rule ends it. */
function write(
  options: CompleteOptions,
  begun: {
    readonly state: State;
    readonly tokens: Uint32Array;
    readonly stopText: string;
    readonly writer: DraftWriter;
  },
) {
  const { model, tokenizer, adapter, sampling, signal, priority = "interactive" } = options;
  const { state, tokens, stopText, writer } = begun;
  const ruled = new AbortController();
  return model.generate({
    state,
    tokens,
    sampling,
    tokensMax: tokensMaxWith(options.taught ?? [], options.tokensMax),
    stopTokens: stopTokens(controlsOf(tokenizer)),
    tokenizer,
    priority,
    signal: AbortSignal.any([signal, ruled.signal]),
    onToken(token, logProbability) {
      if (writer.add(token, logProbability) === "stop") ruled.abort();
    },
    ...(stopText === "" ? {} : { stopStrings: [stopText] }),
    ...(adapter ? { adapter } : {}),
  });
}
