/**
 * One client's completions, each readable from top to bottom: supersede the document's older request, answer at once
 * what is being typed as proposed, else let the adapted model write; filter, leave out what was just dismissed, record.
 */

import { randomUUID } from "node:crypto";
import type { Settings } from "@ouroboros/configs";
import type { Log } from "../base/log.js";
import { NewestMap } from "../base/newestMap.js";
import { complete } from "../completion/complete.js";
import { confidenceOf } from "../completion/confidence.js";
import { postprocess } from "../completion/postprocess/postprocess.js";
import { createRejections } from "../completion/rejections.js";
import { type Answered, reuse } from "../completion/reuse.js";
import type { Sampling } from "../engine/engine.js";
import { GREEDY } from "../engine/greedy.js";
import type { LoadedAdapter } from "../learning/context.js";
import type { LoadedModel } from "../models/loadedModel.js";
import { type CompletionPrompt, completionPrompt } from "../prompt/request.js";
import type { SuggestionEvent } from "../protocol/suggestions.js";
import type { Session } from "../states/session.js";
import type { CompletionAnswer, CompletionRequest } from "./assistant.js";
import type { Place } from "./projectResolver.js";
import type { Proposals } from "./proposals.js";

export interface AskedCompletion {
  readonly request: CompletionRequest;
  readonly loaded: LoadedModel;
  readonly place: Place;
  readonly current: LoadedAdapter;
  readonly session: Session;
}

/** What is remembered of one document. */
interface Newest {
  readonly running: AbortController;
  readonly answered: (Answered & { readonly completionId: string }) | undefined;
}

/** Documents that a client forgets to close; the newest few are those that somebody types in. */
const DOCUMENTS_MAX = 256;

export function createCompletions(parts: {
  readonly settings: Settings;
  readonly log: Log;
  readonly nowMs: () => number;
  readonly proposals: Proposals;
}) {
  const { settings, log, nowMs, proposals } = parts;
  const documents = new NewestMap<string, Newest>(DOCUMENTS_MAX);
  const rejections = createRejections({ nowMs });

  const supersede = (sessionKey: string): Newest => {
    const before = documents.get(sessionKey);
    before?.running.abort();
    const newest = { running: new AbortController(), answered: before?.answered };
    documents.set(sessionKey, newest);
    return newest;
  };

  async function write(asked: AskedCompletion, signal: AbortSignal) {
    const { request, loaded, place, current, session } = asked;
    const { prefix, suffix, line } = request;
    const { model, tokenizer } = loaded;
    const completion = await complete({
      model,
      tokenizer,
      adapter: current.adapter,
      adapterScope: "boundary",
      session,
      place: { path: place.path, prefix, suffix, form: loaded.form, ...(line === undefined ? {} : { line }) },
      sampling: samplingOf(settings),
      tokensMax: settings["ouroboros.completion.tokensMax"],
      multiline: "auto",
      signal,
    });
    if (completion.kind === "cancelled") return { kind: "cancelled" } as const;
    const { prompt, tokensRead, text, logProbabilities, leadTokens, stoppedBy } = completion;
    // How probable a word was says little once a part of it stands there.
    const free =
      leadTokens < logProbabilities.length ? logProbabilities.subarray(leadTokens) : logProbabilities;
    const context = { prefix, suffix, ...confidenceOf(free) };
    return { ...postprocess({ text, context }), prompt, tokensRead, stoppedBy };
  }

  return {
    async answer(asked: AskedCompletion): Promise<CompletionAnswer> {
      const { request, loaded, place, current } = asked;
      const { sessionKey, prefix, suffix } = request;
      const startedMs = nowMs();
      const { running, answered } = supersede(sessionKey);
      const here = { prefix, suffix, adapterVersion: current.version, model: loaded.model.info.hash };
      const propose = (
        made: { readonly text: string; readonly replaces: number },
        prompt: CompletionPrompt,
        tokensRead: number,
      ): CompletionAnswer => {
        const completionId = randomUUID();
        const { text, replaces } = made;
        const { version: adapterVersion } = current;
        const { hash: vocabulary } = loaded.tokenizer;
        proposals.record({ completionId, project: place.project, prompt, vocabulary, text, adapterVersion });
        documents.replace(sessionKey, { running, answered: { ...here, text, replaces, completionId } });
        const [milliseconds, promptTokens] = [nowMs() - startedMs, prompt.tokens.length];
        log.debug({ completionId, adapterVersion, promptTokens, tokensRead, milliseconds }, "proposed");
        return {
          kind: "proposed",
          proposal: { completionId, text, replaces, adapterVersion, promptTokens, tokensRead, milliseconds },
        };
      };

      const rest = answered && reuse(answered, here);
      if (rest) return propose(rest, promptAt(asked), 0);

      const written = await write(asked, AbortSignal.any([request.signal, running.signal]));
      if (written.kind === "cancelled") return { kind: "cancelled" };
      const silent = (reason: string): CompletionAnswer => {
        log.debug({ reason, stoppedBy: written.stoppedBy, milliseconds: nowMs() - startedMs }, "silent");
        return { kind: "silent", reason };
      };
      if (written.kind === "dropped") return silent(written.reason);
      const isUnwanted = rejections.isRejected({ document: sessionKey, ...here, text: written.text });
      if (isUnwanted && !request.isInvoked) return silent("dismissed");
      return propose(written, written.prompt, written.tokensRead);
    },
    settle({ completionId, event }: SuggestionEvent) {
      if (event.kind !== "dismissed") return;
      for (const [document, { running, answered }] of documents.entries()) {
        if (answered?.completionId !== completionId) continue;
        rejections.reject({ document, ...answered });
        documents.replace(document, { running, answered: undefined });
      }
    },
    forget(sessionKey: string) {
      documents.get(sessionKey)?.running.abort();
      documents.delete(sessionKey);
    },
    close() {
      for (const { running } of documents.values()) running.abort();
      documents.clear();
    },
  };
}

function promptAt({ request, loaded, place }: AskedCompletion): CompletionPrompt {
  const { prefix, suffix, line } = request;
  const { tokenizer } = loaded;
  return completionPrompt({
    tokenizer,
    path: place.path,
    prefix,
    suffix,
    form: loaded.form,
    ...(line === undefined ? {} : { line }),
  });
}

function samplingOf(settings: Settings): Sampling {
  return {
    ...GREEDY,
    temperature: settings["ouroboros.completion.temperature"],
    topP: settings["ouroboros.completion.topP"],
    topK: settings["ouroboros.completion.topK"],
  };
}
