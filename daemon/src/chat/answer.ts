/**
 * One answer, readable from top to bottom: the turns become a prompt, the base reads what it has not read yet, the
 * adapted model writes until it ends, runs in circles, or is stopped.
 */

import type { Adapter, Model, Sampling, Tokenizer } from "../engine/engine.js";
import type { ChatTemplate } from "../prompt/chatTemplate.js";
import { TextStream } from "../prompt/textStream.js";
import type { ChatTurn } from "../protocol/turns.js";
import type { Session } from "../states/session.js";
import { isRunningInCircles } from "./circles.js";

interface AnswerOptions {
  readonly model: Model;
  readonly tokenizer: Tokenizer;
  readonly template: ChatTemplate;
  /** The conversation's States; turns that were read before are not read again. */
  readonly session: Session;
  /** What was learned; without an adapter the base answers. */
  readonly adapter: Adapter | undefined;
  /** The last one is the user's. */
  readonly turns: readonly ChatTurn[];
  readonly sampling: Sampling;
  readonly tokensMax: number;
  readonly signal: AbortSignal;
  /** Whole characters, in order. */
  readonly onText: (text: string) => void;
}

interface Answer {
  readonly text: string;
  readonly stoppedBy: "end" | "limit" | "cancelled";
  readonly tokens: number;
}

export async function answer(options: AnswerOptions): Promise<Answer> {
  const { model, tokenizer, template, session, adapter, turns, signal } = options;
  const prompt = template.prompt(turns);
  const boundary = prompt.length - 1;
  // The next question comes after all but the opening of this answer.
  const marks = [template.prompt(turns.slice(0, -1)).length - 1];
  const read = await session.stateBefore({ tokens: prompt, boundary, marks, signal, priority: "chat" });
  if (read.kind === "cancelled") return { text: "", stoppedBy: "cancelled", tokens: 0 };

  const circles = new AbortController();
  let written = "";
  const stream = new TextStream({
    stop: template.stop,
    hiddenPrefix: template.lead,
    onText(text) {
      options.onText(text);
      written += text;
      if (isRunningInCircles(written)) circles.abort();
    },
  });
  const generation = await model.generate({
    state: read.state,
    tokens: prompt.subarray(boundary),
    sampling: options.sampling,
    tokensMax: options.tokensMax,
    stopTokens: template.stopTokens,
    tokenizer,
    priority: "chat",
    signal: AbortSignal.any([signal, circles.signal]),
    onToken: (token) => stream.write(tokenizer.bytesOf(token) ?? new Uint8Array()),
    ...(template.stop === "" ? {} : { stopStrings: [template.stop] }),
    ...(adapter ? { adapter } : {}),
  });
  const text = stream.end();
  const tokens = generation.tokens.length;
  if (signal.aborted) return { text, stoppedBy: "cancelled", tokens };
  const isWhole = generation.stoppedBy === "token" || generation.stoppedBy === "string";
  return { text, stoppedBy: isWhole ? "end" : "limit", tokens };
}
