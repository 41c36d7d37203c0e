/**
 * One completion, readable from top to bottom: prompt, the base reads up to the boundary, the adapted model writes.
 * Knows nothing of editors, projects or learning: it is given a model and perhaps an adapter.
 */

import type { Adapter, Model, Priority, Sampling, State, Tokenizer } from "../engine/engine.js";
import { controlsOf, stopTokens } from "../prompt/controls.js";
import { type CompletionPlace, type CompletionPrompt, completionPrompt } from "../prompt/request.js";
import { tokensAgainst } from "../prompt/tokenHealing.js";
import type { Session } from "../states/session.js";
import { createDraft, type Draft } from "./draft.js";
import { promptMarks } from "./promptMarks.js";
import { isMidLine } from "./stopRules.js";

export type CompleteOptions = {
  readonly model: Model;
  readonly tokenizer: Tokenizer;
  /** Without it the base answers. */
  readonly adapter?: Adapter | undefined;
  /** `boundary`: the base reads the prompt, as with corrections; `whole`: the adapter does, as with taught texts. */
  readonly adapterScope: "boundary" | "whole";
  /** Keeps what the base has read of the document; it has no use where the adapter reads. */
  readonly session?: Session;
  /** Default: `interactive`. */
  readonly priority?: Priority;
  readonly place: Omit<CompletionPlace, "tokenizer">;
  /** Default: that of the place, its text cut to the budgets. */
  readonly prompt?: CompletionPrompt;
  readonly sampling: Sampling;
  readonly tokensMax: number;
  readonly signal: AbortSignal;
  /** Whole characters as they come. With `multiline: "auto"` the end may be taken back: see the result. */
  readonly onText?: (text: string) => void;
} & Ending;

/** By what a completion ends, besides the model's own ending and `tokensMax`. */
type Ending =
  /** Before this text; empty: by nothing else. */
  | { readonly stop: string; readonly multiline?: undefined }
  /** `never`: with the line; `auto`: by the rules of `stopRules.ts`. */
  | { readonly multiline: "auto" | "never"; readonly stop?: undefined };

export type Completion =
  | (Draft & {
      readonly prompt: CompletionPrompt;
      readonly promptTokens: number;
      /** Of the prompt: the others' State was at hand. */
      readonly tokensRead: number;
    })
  | { readonly kind: "cancelled" };

/** Rejects with EngineError only. */
export async function complete(options: CompleteOptions): Promise<Completion> {
  const { tokenizer, place } = options;
  const prompt = options.prompt ?? completionPrompt({ tokenizer, ...place });
  const read = await readPrompt(options, prompt);
  if (read.kind === "cancelled") return { kind: "cancelled" };
  const written = await write({ ...options, prompt, state: read.state });
  if (written.kind === "cancelled") return { kind: "cancelled" };
  const promptTokens = prompt.tokens.length;
  return { ...written, prompt, promptTokens, tokensRead: read.tokensRead };
}

async function readPrompt(options: CompleteOptions, prompt: CompletionPrompt) {
  const { model, adapter, adapterScope, session, signal, priority = "interactive" } = options;
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

async function write(
  options: CompleteOptions & { readonly prompt: CompletionPrompt; readonly state: State },
): Promise<Draft | { readonly kind: "cancelled" }> {
  const { model, tokenizer, adapter, prompt, place, sampling, tokensMax, signal } = options;
  const { multiline, onText, priority = "interactive" } = options;
  const isByRules = multiline === "auto" && !isMidLine(place.suffix);
  const stopText = options.stop ?? (isByRules ? "" : "\n");
  const draft = createDraft({ tokenizer, prompt, place, stopText, isByRules, onText: onText ?? (() => {}) });
  const begun = await writeLead(options, draft);
  if (begun.kind === "cancelled") return begun;
  const ruled = new AbortController();
  const generation = await model.generate({
    state: begun.state,
    tokens: begun.tokens,
    sampling,
    tokensMax,
    stopTokens: stopTokens(controlsOf(tokenizer)),
    tokenizer,
    priority,
    signal: AbortSignal.any([signal, ruled.signal]),
    onToken(token, logProbability) {
      if (draft.add(token, logProbability) === "stop") ruled.abort();
    },
    ...(stopText === "" ? {} : { stopStrings: [stopText] }),
    ...(adapter ? { adapter } : {}),
  });
  return signal.aborted ? { kind: "cancelled" } : draft.end(generation.stoppedBy);
}

/** The tokens from the boundary up to where the model is free to choose, and the State before the last of them. */
async function writeLead(
  options: CompleteOptions & { readonly prompt: CompletionPrompt; readonly state: State },
  draft: ReturnType<typeof createDraft>,
) {
  const { model, tokenizer, adapter, prompt, sampling, signal, priority = "interactive" } = options;
  const vocabularySize = model.info.vocabularySize;
  const reading = { signal, priority, ...(adapter ? { adapter } : {}) };
  let { state } = options;
  let tokens = prompt.tokens.subarray(prompt.boundary);
  let lead = new TextEncoder().encode(prompt.lead);
  // Each token takes at least a byte of the lead.
  while (lead.length > 0) {
    const tokenBan = tokensAgainst({ tokenizer, vocabularySize, lead });
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
    draft.addLead(token, chosen.logProbabilities[0] ?? 0);
    const read = await model.read({ ...reading, state, tokens });
    if (read.kind === "cancelled") return read;
    ({ state } = read);
    tokens = Uint32Array.of(token);
    lead = lead.subarray(tokenizer.bytesOf(token)?.length ?? lead.length);
  }
  return { kind: "begun", state, tokens } as const;
}
