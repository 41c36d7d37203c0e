/** The daemon's Assistant as commands see it from their own process: the same requests, asked over HTTP. */

import type { CommandClient, CorrectionHooks, KeptCorrection, Where } from "../../assistant/assistant.js";
import { errorMessage } from "../../base/errorMessage.js";
import { excerpt } from "../../base/excerpt.js";
import type { CorrectResult, DidLearn } from "../../protocol/corrections.js";
import type { HttpClient, TeachRequest } from "./httpClient.js";

const never = new AbortController().signal;

export function createRemoteClient(daemon: HttpClient): CommandClient {
  return {
    draft({ where, sampling, adapter, prefix, suffix, stop, tokensMax, signal, onText = () => {} }) {
      const body = { ...placeOf(where), prefix, suffix, adapter, stop, tokensMax, ...sampling };
      return unlessAborted(signal, daemon.draft(body, { signal, onText }));
    },
    correctPlace({ where, prefix, suffix, wanted, rejected, secrets }, hooks = {}) {
      const body = { ...placeOf(where), prefix, suffix, wanted, ...(secrets && { secrets }) };
      return teach(daemon, rejected === undefined ? body : { ...body, rejected }, hooks);
    },
    undo({ where, correctionId, signal = never }) {
      const { folder } = placeOf(where);
      return daemon.undo(correctionId === undefined ? { folder } : { folder, correctionId }, signal);
    },
    reset: ({ where, action }) => daemon.reset({ folder: placeOf(where).folder, action }, never),
    learned: (where) => daemon.learned({ folder: placeOf(where).folder }),
  };
}

function placeOf({ folder, path }: Where): { readonly folder: string; readonly path: string } {
  if (folder === null) throw new TypeError("a command works in a folder");
  return { folder, path: path ?? "" };
}

async function unlessAborted<T>(signal: AbortSignal, asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

/** One stream of events tells when it is kept and, later, what came of it. */
function teach(
  daemon: HttpClient,
  body: TeachRequest,
  { onStep, signal = never }: CorrectionHooks,
): Promise<KeptCorrection> {
  return new Promise((resolve, reject) => {
    let settle: (learned: DidLearn) => void = () => {};
    let kept: CorrectResult | undefined;
    const done = new Promise<DidLearn>((whenDone) => {
      settle = whenDone;
    });
    const asked = daemon.teach(body, {
      signal,
      onEvent(event) {
        switch (event.kind) {
          case "kept":
            kept = { correctionId: event.correctionId, project: event.project, replaces: event.replaces };
            resolve({ ...kept, done });
            return;
          case "step":
            onStep?.({ ...event, purpose: "new", index: 1, count: 1 });
            return;
          case "learned":
            settle(event.learned);
        }
      },
    });
    asked.catch((error: unknown) => {
      if (kept === undefined) reject(error);
      else settle(lost({ kept, body, error }));
    });
  });
}

/** The daemon has it on disk, and learns it when it is there again. */
function lost(told: {
  readonly kept: CorrectResult;
  readonly body: TeachRequest;
  readonly error: unknown;
}): DidLearn {
  const { kept, body, error } = told;
  return {
    ...kept,
    outcome: { kind: "failed", message: errorMessage(error) },
    rejected: excerpt(body.rejected ?? ""),
    wanted: excerpt(body.wanted),
    origin: "completion",
  };
}
