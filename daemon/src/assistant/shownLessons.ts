/**
 * What people are shown where they ask as a lesson says: by the path on which an editor's requests and a chat's are
 * answered, greedily, as both are by default. So what is proven is what will be seen.
 */

import { writeAnswer } from "../chat/answer.js";
import type { Draft } from "../completion/draft.js";
import { propose } from "../completion/proposal.js";
import { GREEDY } from "../engine/greedy.js";
import type { Show } from "../learning/context.js";
import type { LoadedModel } from "../models/loadedModel.js";
import { chatTemplateOf } from "../prompt/chatTemplate.js";
import { Session } from "../states/session.js";

/** Of the lesson in training, whose prompt is read again after every few steps. */
const STATES_MAX = 8;
/** What was taught may exceed every limit, so the proof leaves nothing to what a setting allows. */
const TOKENS_MAX = 1;
/** How a continuation ends with its line; within a line, the engine itself stops there. */
const LINE_ENDS: ReadonlySet<Draft["stoppedBy"]> = new Set(["taught", "string"]);
const NEVER = new AbortController().signal;

export function showOf({ model, tokenizer }: Pick<LoadedModel, "model" | "tokenizer">): Show {
  const session = new Session({ model, statesMax: STATES_MAX });
  const template = chatTemplateOf(tokenizer);
  return async ({ correction, adapter, signal = NEVER }) => {
    const { shown, boundary } = correction;
    const tokens = Uint32Array.from(correction.prompt.tokens);
    const taught = [correction.wanted.text];
    const asked = {
      ...{ model, tokenizer, adapter, session, taught, signal },
      ...{ sampling: GREEDY, tokensMax: TOKENS_MAX, priority: "background" as const },
    };
    if (shown?.as !== "completion") {
      const answer = await writeAnswer({ ...asked, template, prompt: tokens, marks: [] });
      if (answer.stoppedBy === "cancelled") return { kind: "cancelled" };
      return { kind: "finished", ...answer, isEnded: answer.stoppedBy === "end" };
    }
    const { healedPrefix, ...place } = shown;
    const prefix = { start: boundary, end: boundary };
    const prompt = { tokens, boundary, prefix, healedPrefix, end: correction.end ?? undefined };
    const proposed = await propose({ ...asked, prompt, place });
    if (proposed.kind === "cancelled") return proposed;
    const { draft } = proposed;
    const { text } = proposed.shown.kind === "kept" ? proposed.shown : { text: "" };
    // Not by a limit or a rule that happens to cut what the model goes on to write.
    const isEnded =
      draft.stoppedBy === "token" || (correction.end === null && LINE_ENDS.has(draft.stoppedBy));
    return { kind: "finished", text, tokens: draft.tokens, isEnded };
  };
}
