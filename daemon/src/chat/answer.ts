/**
 * One answer, readable from top to bottom: the turns become a prompt, the base reads what it has not read yet, the
 * adapted model writes until it ends, runs in circles, or is stopped.
 */

import type { Adapter, Model, Priority, Sampling, Tokenizer } from "../engine/engine.js";
import type { ChatTemplate } from "../prompt/chatTemplate.js";
import { Following, tokensMaxWith } from "../prompt/following.js";
import { TextStream } from "../prompt/textStream.js";
import type { ChatTurn } from "../protocol/turns.js";
import type { Session } from "../states/session.js";
import { isRunningInCircles } from "./circles.js";

interface WritingOptions {
  readonly model: Model;
  readonly tokenizer: Tokenizer;
  readonly template: ChatTemplate;
  /** The conversation's States; turns that were read before are not read again. */
  readonly session: Session;
  /** What was learned; without an adapter the base answers. */
  readonly adapter: Adapter | undefined;
  /** What the project has taught: such an answer may be written to its end, whatever limits hold for others. */
  readonly taught: readonly string[];
  readonly sampling: Sampling;
  readonly tokensMax: number;
  readonly signal: AbortSignal;
  /** Default: `chat`. */
  readonly priority?: Priority;
  /** Whole characters, in order. */
  readonly onText?: (text: string) => void;
}

interface Answer {
  readonly text: string;
  readonly stoppedBy: "end" | "limit" | "cancelled";
  readonly tokens: Uint32Array;
}

/** `turns`: the last one is the user's. */
export async function answer({
  turns,
  ...options
}: WritingOptions & { readonly turns: readonly ChatTurn[] }): Promise<Answer> {
  const { template } = options;
  // The next question comes after all but the opening of this answer.
  const marks = [template.prompt(turns.slice(0, -1)).length - 1];
  return writeAnswer({ ...options, prompt: template.prompt(turns), marks });
}

/** The answer after a prompt that the template has made. */
export async function writeAnswer(
  options: WritingOptions & { readonly prompt: Uint32Array; readonly marks: readonly number[] },
): Promise<Answer> {
  const { model, tokenizer, template, session, adapter, prompt, marks, signal, priority = "chat" } = options;
  const boundary = prompt.length - 1;
  const read = await session.stateBefore({ tokens: prompt, boundary, marks, signal, priority });
  if (read.kind === "cancelled") return { text: "", stoppedBy: "cancelled", tokens: new Uint32Array() };

  const limited = new AbortController();
  const writer = answerWriter(options, () => limited.abort());
  const generation = await model.generate({
    state: read.state,
    tokens: prompt.subarray(boundary),
    sampling: options.sampling,
    tokensMax: tokensMaxWith(options.taught, options.tokensMax),
    stopTokens: template.stopTokens,
    tokenizer,
    priority,
    signal: AbortSignal.any([signal, limited.signal]),
    onToken: (token) => writer.add(token),
    ...(template.stop === "" ? {} : { stopStrings: [template.stop] }),
    ...(adapter ? { adapter } : {}),
  });
  const text = writer.end();
  const { tokens } = generation;
  if (signal.aborted) return { text, stoppedBy: "cancelled", tokens };
  const isWhole = generation.stoppedBy === "token" || generation.stoppedBy === "string";
  return { text, stoppedBy: isWhole ? "end" : "limit", tokens };
}

/** Makes text of tokens; calls `stop` where they are enough, or run in circles, unless that is what was taught. */
function answerWriter(options: WritingOptions, stop: () => void) {
  const { tokenizer, template, taught, tokensMax, onText = () => {} } = options;
  const following = new Following(taught);
  let isTaught = following.follow("");
  let written = "";
  let count = 0;
  const stream = new TextStream({
    stop: template.stop,
    hiddenPrefix: template.lead,
    onText(text) {
      onText(text);
      written += text;
      isTaught = following.follow(written);
      if (!isTaught && isRunningInCircles(written)) stop();
    },
  });
  return {
    add(token: number) {
      count++;
      stream.write(tokenizer.bytesOf(token) ?? new Uint8Array());
      if (!isTaught && count >= tokensMax) stop();
    },
    end: () => stream.end(),
  };
}
