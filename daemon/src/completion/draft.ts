/**
 * A draft while the model writes it: tokens become text as they come, until a rule says that no more of it will be shown.
 * What is so far how a taught text begins is judged by no rule until it departs from it; then by all, as if from the start.
 */

import type { Generation, Tokenizer } from "../engine/engine.js";
import type { CompletionPrompt } from "../prompt/completionPrompt.js";
import { Following } from "../prompt/following.js";
import { TextStream } from "../prompt/textStream.js";
import { lengthAtEnd, type StopPlace, type StopReason, stopAfter } from "./stopRules.js";

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
  readonly stoppedBy:
    | "token"
    | "string"
    | "limit"
    /** The line after a taught text, which no token ends in a continuation. */
    | "taught"
    | StopReason;
  /** `text` is a taught one, to its end. */
  readonly isTaught: boolean;
  /** Tokens of the prompt that had to be read; the others' State was at hand. */
  readonly tokensRead: number;
}

interface WrittenToken {
  readonly token: number;
  readonly logProbability: number;
  /** Length of the text before it. */
  readonly from: number;
}

interface Ended {
  readonly reason: Draft["stoppedBy"];
  /** How much of the text counts. */
  readonly length: number;
}

export class DraftWriter {
  readonly #tokenizer: Tokenizer;
  /** Where the rules of `stopRules.ts` end the text; undefined: they do not. */
  readonly #place: StopPlace | undefined;
  readonly #stream: TextStream;
  readonly #following: Following;
  readonly #tokensMax: number;
  readonly #written: WrittenToken[] = [];
  #healedTokens = 0;
  /** So many of the tokens, the first ones, were found good by the rules. */
  #judgedTokens = 0;
  #text = "";
  #stop: Ended | undefined;

  constructor(options: {
    readonly tokenizer: Tokenizer;
    readonly prompt: CompletionPrompt;
    /** The text ends before it; empty: there is none. */
    readonly stopText: string;
    readonly rulesAt: { readonly prefix: string; readonly suffix: string } | undefined;
    /** Texts that may be written to their end. */
    readonly taught: readonly string[];
    /** Of any other text; healed ones are not counted. */
    readonly tokensMax: number;
    readonly onText: (text: string) => void;
  }) {
    const { tokenizer, prompt, stopText, rulesAt, taught, tokensMax, onText } = options;
    this.#tokenizer = tokenizer;
    this.#following = new Following(taught);
    this.#tokensMax = tokensMax;
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
    this.#judgedTokens++;
    this.#write({ token, logProbability, from: 0 });
  }

  /** The engine hears of a stop late: what it still writes is left out. */
  add(token: number, logProbability: number): "go on" | "stop" {
    if (this.#stop) return "stop";
    this.#write({ token, logProbability, from: this.#text.length });
    if (this.#following.follow(this.#text)) return "go on";
    this.#stop = this.#taughtLine() ?? this.#judge();
    return this.#stop ? "stop" : "go on";
  }

  end(ending: {
    /** How the engine ended; where a rule has stopped it, the rule is the reason. */
    readonly stoppedBy: Generation["stoppedBy"];
    readonly tokensRead: number;
  }): Draft | { readonly kind: "cancelled" } {
    const whole = this.#stream.end();
    const isOwn = this.#stop === undefined && this.#following.isTaught(whole);
    if (!isOwn) this.#stop ??= this.#judge();
    const stoppedBy = this.#stop?.reason ?? ending.stoppedBy;
    if (stoppedBy === "cancel") return { kind: "cancelled" };
    const length =
      this.#stop?.length ?? (isOwn ? whole.length : this.#lengthOf(whole, stoppedBy === "token"));
    const inText = this.#written.filter(({ from }) => from < length);
    const text = whole.slice(0, length);
    return {
      kind: "finished",
      text,
      tokens: Uint32Array.from(inText, ({ token }) => token),
      logProbabilities: Float32Array.from(inText, (each) => each.logProbability),
      healedTokens: this.#healedTokens,
      stoppedBy,
      isTaught: this.#following.isTaught(text),
      tokensRead: ending.tokensRead,
    };
  }

  #write(written: WrittenToken): void {
    this.#written.push(written);
    this.#stream.write(this.#tokenizer.bytesOf(written.token) ?? new Uint8Array());
  }

  /** Where a continuation goes on in a new line after a taught text: it was taught up to there. */
  #taughtLine(): Ended | undefined {
    const length = this.#following.wholeLength;
    if (length === undefined || !this.#place || this.#place.isFill) return undefined;
    return this.#text[length] === "\n" ? { reason: "taught", length } : undefined;
  }

  /** Holds the tokens that are not judged yet to the rules, each as if it were the newest. */
  #judge(): Ended | undefined {
    for (; this.#judgedTokens < this.#written.length; this.#judgedTokens++) {
      const stop = this.#stopAt(this.#judgedTokens);
      if (stop) return stop;
    }
    return undefined;
  }

  #stopAt(index: number): Ended | undefined {
    const token = this.#written[index];
    if (!token) return undefined;
    if (index - this.#healedTokens >= this.#tokensMax) {
      return { reason: "limit", length: this.#lengthOf(this.#text.slice(0, token.from), false) };
    }
    const text = this.#text.slice(0, this.#written[index + 1]?.from);
    return this.#place && stopAfter({ text, token, place: this.#place });
  }

  #lengthOf(whole: string, isEnded: boolean): number {
    return this.#place ? lengthAtEnd({ text: whole, place: this.#place, isEnded }) : whole.length;
  }
}
