/**
 * Turns the bytes of tokens, as they come, into text that may be shown: never half a character, never a part of the
 * stop text that a completion ends before, and not the prefix that stands before the cursor already.
 */

export class TextStream {
  readonly #stop: string;
  readonly #hiddenPrefix: string;
  readonly #onText: (text: string) => void;
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #text = "";
  #shownLength = 0;

  constructor(options: {
    /** Empty: there is none. */
    readonly stop: string;
    /** Left out where the text begins with it. */
    readonly hiddenPrefix: string;
    readonly onText: (text: string) => void;
  }) {
    this.#stop = options.stop;
    this.#hiddenPrefix = options.hiddenPrefix;
    this.#onText = options.onText;
  }

  write(bytes: Uint8Array): void {
    this.#text += this.#decoder.decode(bytes, { stream: true });
    this.#showUpTo(this.#stopAt() ?? this.#text.length - heldBack(this.#text, this.#stop));
  }

  /** Shows what was held back and returns the whole text, cut before the stop text. */
  end(): string {
    this.#text += this.#decoder.decode();
    const end = this.#stopAt() ?? this.#text.length;
    this.#showUpTo(end);
    return this.#text.slice(Math.min(this.#hiddenLength(), end), end);
  }

  #showUpTo(end: number): void {
    this.#shownLength = Math.max(this.#shownLength, this.#hiddenLength());
    if (end <= this.#shownLength) return;
    this.#onText(this.#text.slice(this.#shownLength, end));
    this.#shownLength = end;
  }

  #stopAt(): number | undefined {
    const at = this.#stop === "" ? -1 : this.#text.indexOf(this.#stop);
    return at < 0 ? undefined : at;
  }

  /** While the text may still become the hidden prefix, all of it is hidden. */
  #hiddenLength(): number {
    if (this.#text.startsWith(this.#hiddenPrefix)) return this.#hiddenPrefix.length;
    return this.#hiddenPrefix.startsWith(this.#text) ? this.#text.length : 0;
  }
}

/** How many characters at the end of `text` may be the beginning of `stop`. */
function heldBack(text: string, stop: string): number {
  for (let length = Math.min(stop.length - 1, text.length); length > 0; length -= 1) {
    if (text.endsWith(stop.slice(0, length))) return length;
  }
  return 0;
}
