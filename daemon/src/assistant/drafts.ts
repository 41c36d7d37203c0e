/**
 * A draft for a program: what the model writes at a cursor as it writes it, with what the project has taught it by now,
 * as it came, or with an adapter in a file. It is read anew every time, so the same question has the same answer.
 */

import { complete } from "../completion/complete.js";
import { GREEDY } from "../engine/greedy.js";
import type { LearningView } from "../learning/learning.js";
import { describeNotice } from "../learning/notices.js";
import type { LoadedModel } from "../models/loadedModel.js";
import { completionPrompt } from "../prompt/completionPrompt.js";
import type { DraftAnswer } from "../protocol/routes.js";
import type { DraftRequest } from "./assistant.js";

interface AskedDraft {
  readonly request: DraftRequest;
  readonly loaded: LoadedModel;
  /** Within the project. */
  readonly path: string;
  /** Monotonic. */
  readonly nowMs: () => number;
  /** What the project has taught the model. */
  readonly view: () => Promise<Pick<LearningView, "currentAdapter" | "notices">>;
}

/** Undefined: it was given up. */
export async function draft(asked: AskedDraft): Promise<DraftAnswer | undefined> {
  const { request, loaded, path, nowMs } = asked;
  const { prefix, suffix, sampling, tokensMax, stop, signal, onText } = request;
  const { version, notices, ...acting } = await actingAdapter(asked);
  const { tokenizer, form } = loaded;
  const prompt = completionPrompt({ tokenizer, path, prefix, suffix, form });
  const startedMs = nowMs();
  const written = await complete({
    model: loaded.model,
    tokenizer,
    ...acting,
    prompt,
    sampling: { ...GREEDY, ...sampling },
    tokensMax,
    stop,
    signal,
    ...(onText && { onText }),
  });
  if (written.kind === "cancelled") return undefined;
  const { text, stoppedBy } = written;
  return {
    text,
    stoppedBy,
    promptTokens: prompt.tokens.length,
    tokens: [...written.tokens],
    logProbabilities: Array.from(written.logProbabilities, (each) => (Number.isFinite(each) ? each : null)),
    adapterVersion: version,
    seconds: (nowMs() - startedMs) / 1000,
    notices,
  };
}

/** An adapter of `ouro train` read the whole of the texts it was trained on; what corrections taught acts at the cursor. */
async function actingAdapter({ request, loaded, view }: AskedDraft) {
  const { adapter: wanted } = request;
  if (wanted === "none")
    return { adapter: undefined, adapterScope: "boundary" as const, version: 0, notices: [] };
  if (wanted !== "learned") {
    const adapter = await loaded.model.loadAdapter({ path: wanted.file });
    return { adapter, adapterScope: "whole" as const, version: 0, notices: [] };
  }
  const seen = await view();
  const { adapter, version } = seen.currentAdapter();
  return {
    adapter,
    adapterScope: "boundary" as const,
    version,
    notices: seen.notices.map(describeNotice),
  };
}
