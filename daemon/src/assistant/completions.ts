/**
 * One client's completions, each readable from top to bottom: supersede the document's older request, answer at once
 * what is being typed as proposed, else let the adapted model write; filter, leave out what was just dismissed, remember.
 */

import { randomUUID } from "node:crypto";
import type { Settings } from "@ouroboros/configs";
import type { Log } from "../base/log.js";
import { NewestMap } from "../base/memory/newestMap.js";
import type { Draft } from "../completion/draft.js";
import { nearby } from "../completion/lines.js";
import type { Candidate } from "../completion/postprocess/filter.js";
import { propose } from "../completion/proposal.js";
import { Rejections } from "../completion/rejections.js";
import { reuse, type WritingContext } from "../completion/reuse.js";
import type { LoadedAdapter } from "../learning/context.js";
import type { LoadedModel } from "../models/loadedModel.js";
import { type CompletionPrompt, completionPrompt } from "../prompt/completionPrompt.js";
import type { SuggestionEvent } from "../protocol/suggestions.js";
import type { Session } from "../states/session.js";
import type { Client, CompletionRequest } from "./assistant.js";
import type { GivenCompletions } from "./givenCompletions.js";
import type { Place } from "./projectResolver.js";
import { completionSampling } from "./sampling.js";

interface Parts {
  readonly settings: Settings;
  readonly log: Log;
  /** Monotonic. */
  readonly nowMs: () => number;
  /** All clients'. */
  readonly given: GivenCompletions;
}

/** What was learned, with the texts that were taught. */
export interface TaughtAdapter extends LoadedAdapter {
  readonly taught: readonly string[];
}

/** Who answers a request. */
interface Answering {
  readonly loaded: LoadedModel;
  readonly place: Place;
  readonly current: TaughtAdapter;
  readonly session: Session;
}

/** A request with what is made of it once, before anybody writes. */
interface Asked extends Answering {
  readonly request: CompletionRequest;
  readonly prompt: CompletionPrompt;
  readonly context: WritingContext;
  readonly startedMs: number;
}

type Answer = Awaited<ReturnType<Client["complete"]>>;

/** A document's newest request, and the completion that was shown in it last. */
interface Newest {
  readonly running: AbortController;
  readonly shown: (Candidate & WritingContext & { readonly completionId: string }) | undefined;
}

/** Documents that a client forgets to close; the newest few are those that somebody types in. */
const DOCUMENTS_MAX = 256;

export class Completions {
  readonly #parts: Parts;
  readonly #documents = new NewestMap<string, Newest>(DOCUMENTS_MAX);
  readonly #rejections: Rejections;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#rejections = new Rejections(parts);
  }

  async answer(request: CompletionRequest, by: Answering): Promise<Answer> {
    const startedMs = this.#parts.nowMs();
    const { running, shown } = this.#supersede(request.sessionKey);
    const context = contextOf(request, by);
    const asked = { ...by, request, context, startedMs, prompt: promptOf(request, by) };

    const rest = shown && reuse(shown, context);
    if (rest) return this.#give(asked, { candidate: rest, tokensRead: 0 });

    const proposed = await this.#write(asked, AbortSignal.any([request.signal, running.signal]));
    if (proposed.kind === "cancelled") return proposed;
    const { draft, shown: candidate } = proposed;
    if (candidate.kind === "dropped") return this.#staySilent(asked, draft, candidate.reason);
    const { text } = candidate;
    const isUnwanted = this.#rejections.isRejected({ document: request.sessionKey, ...context, text });
    if (isUnwanted && !request.isInvoked) return this.#staySilent(asked, draft, "dismissed");
    return this.#give(asked, { candidate, tokensRead: draft.tokensRead });
  }

  /** Takes notice of what a client did with a completion. */
  settle({ completionId, event }: SuggestionEvent): void {
    if (event.kind !== "dismissed") return;
    for (const [document, { running, shown }] of this.#documents.entries()) {
      if (shown?.completionId !== completionId) continue;
      this.#rejections.reject({ document, ...shown });
      this.#documents.replace(document, { running, shown: undefined });
    }
  }

  forget(sessionKey: string): void {
    this.#documents.get(sessionKey)?.running.abort();
    this.#documents.delete(sessionKey);
  }

  close(): void {
    for (const { running } of this.#documents.values()) running.abort();
    this.#documents.clear();
  }

  #supersede(sessionKey: string): Newest {
    const before = this.#documents.get(sessionKey);
    before?.running.abort();
    const newest = { running: new AbortController(), shown: before?.shown };
    this.#documents.set(sessionKey, newest);
    return newest;
  }

  #write({ loaded, current, session, request, prompt }: Asked, signal: AbortSignal) {
    const { model, tokenizer } = loaded;
    const { settings } = this.#parts;
    const { prefix, suffix } = request;
    return propose({
      model,
      tokenizer,
      adapter: current.adapter,
      session,
      prompt,
      place: { prefix, suffix },
      sampling: completionSampling(settings),
      tokensMax: settings["ouroboros.completion.tokensMax"],
      taught: current.taught,
      signal,
    });
  }

  #give(
    { request, prompt, context, loaded, place, startedMs }: Asked,
    made: { readonly candidate: Candidate; readonly tokensRead: number },
  ): Answer {
    const { nowMs, log, given } = this.#parts;
    const { text, replaces } = made.candidate;
    const completionId = randomUUID();
    const vocabulary = loaded.tokenizer.hash;
    const remembered = { project: place.project, where: request.where, prompt, place: nearby(request) };
    given.set(completionId, { ...remembered, vocabulary, text });
    const running = this.#documents.get(request.sessionKey)?.running;
    if (running) {
      const shown = { ...context, text, replaces, completionId };
      this.#documents.replace(request.sessionKey, { running, shown });
    }
    const figures = {
      adapterVersion: context.adapterVersion,
      promptTokens: prompt.tokens.length,
      tokensRead: made.tokensRead,
      milliseconds: nowMs() - startedMs,
    };
    log.debug({ completionId, ...figures }, "proposed");
    return { kind: "proposed", completionId, text, replaces, ...figures };
  }

  #staySilent({ startedMs }: Asked, { stoppedBy }: Draft, reason: string): Answer {
    const { nowMs, log } = this.#parts;
    log.debug({ reason, stoppedBy, milliseconds: nowMs() - startedMs }, "silent");
    return { kind: "silent", reason };
  }
}

function contextOf({ prefix, suffix }: CompletionRequest, { current, loaded }: Answering): WritingContext {
  const { version: adapterVersion, taught } = current;
  return { prefix, suffix, adapterVersion, lessons: taught.length, model: loaded.model.info.hash };
}

function promptOf({ prefix, suffix, line }: CompletionRequest, { loaded, place }: Answering) {
  const { tokenizer, form } = loaded;
  return completionPrompt({ tokenizer, path: place.path, prefix, suffix, form, line });
}
