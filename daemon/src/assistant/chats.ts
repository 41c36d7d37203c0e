/** One answer for one client: the model in use, the project's adapter, the conversation's States. */

import type { Settings } from "@ouroboros/configs";
import { answer } from "../chat/answer.js";
import type { LoadedModel } from "../models/loadedModel.js";
import { chatTemplateOf } from "../prompt/chatTemplate.js";
import type { ChatResult } from "../protocol/chat.js";
import type { Session } from "../states/session.js";
import type { ChatRequest } from "./assistant.js";
import type { TaughtAdapter } from "./completions.js";
import { chatSampling } from "./sampling.js";

export async function chat(options: {
  readonly request: ChatRequest;
  readonly loaded: LoadedModel;
  readonly session: Session;
  readonly current: TaughtAdapter;
  readonly settings: Settings;
  readonly nowMs: () => number;
}): Promise<ChatResult> {
  const { request, loaded, session, current, settings, nowMs } = options;
  const startedMs = nowMs();
  const { text, stoppedBy, tokens } = await answer({
    model: loaded.model,
    tokenizer: loaded.tokenizer,
    template: chatTemplateOf(loaded.tokenizer),
    session,
    adapter: current.adapter,
    taught: current.taught,
    turns: request.turns,
    sampling: chatSampling(settings),
    tokensMax: settings["ouroboros.chat.tokensMax"],
    signal: request.signal,
    onText: request.onText,
  });
  const seconds = (nowMs() - startedMs) / 1000;
  return { text, stoppedBy, tokens: tokens.length, seconds, adapterVersion: current.version };
}
