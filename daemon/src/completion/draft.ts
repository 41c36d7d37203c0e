/** What the model is writing: tokens become text as they come, until a rule says that no more of it will be shown. */

import type { Generation, Tokenizer } from "../engine/engine.js";
import type { CompletionPrompt } from "../prompt/request.js";
import { createTextStream } from "../prompt/textStream.js";
import { lengthAtEnd, type Stop, type StopReason, stopAfter } from "./stopRules.js";

export interface Draft {
  readonly kind: "finished";
  readonly text: string;
  /** Those that `text` has a part in. */
  readonly tokens: Uint32Array;
  /** Natural-log probability of each of them under the adapted model. */
  readonly logProbabilities: Float32Array;
  readonly stoppedBy: "token" | "string" | "limit" | StopReason;
  /** Of the tokens, the first ones: they write again what stands before the cursor. */
  readonly leadTokens: number;
}

interface WrittenToken {
  readonly token: number;
  readonly logProbability: number;
  /** Length of the text before it. */
  readonly from: number;
}

export function createDraft(options: {
  readonly tokenizer: Tokenizer;
  readonly prompt: CompletionPrompt;
  readonly place: { readonly prefix: string; readonly suffix: string };
  /** The text ends before it; empty: there is none. */
  readonly stopText: string;
  readonly isByRules: boolean;
  readonly onText: (text: string) => void;
}) {
  const { tokenizer, prompt, stopText, isByRules, onText } = options;
  const place = { ...options.place, isFill: prompt.end !== undefined };
  const written: WrittenToken[] = [];
  const stops: Stop[] = [];
  let leadTokens = 0;
  let text = "";
  const stream = createTextStream({
    stop: stopText,
    lead: prompt.lead,
    onText(part) {
      text += part;
      onText(part);
    },
  });
  return {
    /** A token that was chosen among those that fit the lead. */
    addLead(token: number, logProbability: number) {
      leadTokens++;
      written.push({ token, logProbability, from: 0 });
      stream.write(tokenizer.bytesOf(token) ?? new Uint8Array());
    },
    /** The engine hears of a stop late: what it still writes is left out. */
    add(token: number, logProbability: number): "go on" | "stop" {
      if (stops.length > 0) return "stop";
      const newest = { token, logProbability, from: text.length };
      written.push(newest);
      stream.write(tokenizer.bytesOf(token) ?? new Uint8Array());
      const stop = isByRules ? stopAfter({ text, token: newest, place }) : undefined;
      if (stop) stops.push(stop);
      return stop ? "stop" : "go on";
    },
    end(engineStoppedBy: Generation["stoppedBy"]): Draft | { readonly kind: "cancelled" } {
      const [stop] = stops;
      const stoppedBy = stop?.reason ?? engineStoppedBy;
      if (stoppedBy === "cancel") return { kind: "cancelled" };
      const whole = stream.end();
      const isEnded = stoppedBy === "token";
      const length =
        stop?.length ?? (isByRules ? lengthAtEnd({ text: whole, place, isEnded }) : whole.length);
      const inText = written.filter(({ from }) => from < length);
      return {
        kind: "finished",
        text: whole.slice(0, length),
        tokens: Uint32Array.from(inText, ({ token }) => token),
        logProbabilities: Float32Array.from(inText, (each) => each.logProbability),
        stoppedBy,
        leadTokens,
      };
    },
  };
}
