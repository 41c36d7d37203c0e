/** A draft while the model writes it: tokens become text as they come, until a rule says that no more of it will be shown. */

import type { Generation, Tokenizer } from "../engine/engine.js";
import type { CompletionPrompt } from "../prompt/completionPrompt.js";
import { TextStream } from "../prompt/textStream.js";
import { lengthAtEnd, type Stop, type StopPlace, type StopReason, stopAfter } from "./stopRules.js";

/** The text that the model wrote after a prompt, as it wrote it. */
export interface Draft {
  readonly kind: "finished";
  readonly text: string;
  /** The tokens that `text` has a part in. */
  readonly tokens: Uint32Array;
  /** Natural-log probability of each of them under the adapted model. */
  readonly logProbabilities: Float32Array;
  /** So many of the tokens, the first ones, write again what stands before the cursor. */
  readonly healedTokens: number;
  readonly stoppedBy: "token" | "string" | "limit" | StopReason;
  /** Tokens of the prompt that had to be read; the others' State was at hand. */
  readonly tokensRead: number;
}

interface WrittenToken {
  readonly token: number;
  readonly logProbability: number;
  /** Length of the text before it. */
  readonly from: number;
}

export class DraftWriter {
  readonly #tokenizer: Tokenizer;
  /** Where the rules of `stopRules.ts` end the text; undefined: they do not. */
  readonly #place: StopPlace | undefined;
  readonly #stream: TextStream;
  readonly #written: WrittenToken[] = [];
  #healedTokens = 0;
  #text = "";
  #stop: Stop | undefined;

  constructor(options: {
    readonly tokenizer: Tokenizer;
    readonly prompt: CompletionPrompt;
    /** The text ends before it; empty: there is none. */
    readonly stopText: string;
    readonly rulesAt: { readonly prefix: string; readonly suffix: string } | undefined;
    readonly onText: (text: string) => void;
  }) {
    const { tokenizer, prompt, stopText, rulesAt, onText } = options;
    this.#tokenizer = tokenizer;
    this.#place = rulesAt && { ...rulesAt, isFill: prompt.end !== undefined };
    this.#stream = new TextStream({
      stop: stopText,
      hiddenPrefix: prompt.healedPrefix,
      onText: (part) => {
        this.#text += part;
        onText(part);
      },
    });
  }

  /** A token that was chosen among those that fit the healed prefix. */
  addHealed(token: number, logProbability: number): void {
    this.#healedTokens++;
    this.#write({ token, logProbability, from: 0 });
  }

  /** The engine hears of a stop late: what it still writes is left out. */
  add(token: number, logProbability: number): "go on" | "stop" {
    if (this.#stop) return "stop";
    const newest = { token, logProbability, from: this.#text.length };
    this.#write(newest);
    this.#stop = this.#place && stopAfter({ text: this.#text, token: newest, place: this.#place });
    return this.#stop ? "stop" : "go on";
  }

  end(ending: {
    /** How the engine ended; where a rule has stopped it, the rule is the reason. */
    readonly stoppedBy: Generation["stoppedBy"];
    readonly tokensRead: number;
  }): Draft | { readonly kind: "cancelled" } {
    const stoppedBy = this.#stop?.reason ?? ending.stoppedBy;
    if (stoppedBy === "cancel") return { kind: "cancelled" };
    const whole = this.#stream.end();
    const length = this.#stop?.length ?? this.#lengthOf(whole, stoppedBy === "token");
    const inText = this.#written.filter(({ from }) => from < length);
    return {
      kind: "finished",
      text: whole.slice(0, length),
      tokens: Uint32Array.from(inText, ({ token }) => token),
      logProbabilities: Float32Array.from(inText, (each) => each.logProbability),
      healedTokens: this.#healedTokens,
      stoppedBy,
      tokensRead: ending.tokensRead,
    };
  }

  #write(written: WrittenToken): void {
    this.#written.push(written);
    this.#stream.write(this.#tokenizer.bytesOf(written.token) ?? new Uint8Array());
  }

  #lengthOf(whole: string, isEnded: boolean): number {
    return this.#place ? lengthAtEnd({ text: whole, place: this.#place, isEnded }) : whole.length;
  }
}
