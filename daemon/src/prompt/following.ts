/**
 * Whether what is being written is, so far, how one of the project's taught texts begins. Such a text may be written to
 * its end whatever limits hold for others: the model writes it, this only says how far it counts.
 */

export class Following {
  readonly #taught: ReadonlySet<string>;
  #ahead: readonly string[];
  #wholeLength: number | undefined;

  constructor(taught: readonly string[]) {
    this.#taught = new Set(taught);
    this.#ahead = taught;
  }

  /** Length of the longest taught text that was written whole on the way. */
  get wholeLength(): number | undefined {
    return this.#wholeLength;
  }

  /** Whether all that is written so far begins a taught text. Each call's `text` begins with that of the call before. */
  follow(text: string): boolean {
    for (const each of this.#ahead) {
      if (text.startsWith(each)) this.#wholeLength = Math.max(this.#wholeLength ?? 0, each.length);
    }
    this.#ahead = this.#ahead.filter((each) => each.startsWith(text));
    return this.#ahead.length > 0;
  }

  isTaught(text: string): boolean {
    return this.#taught.has(text);
  }
}

/** A limit on tokens with room for every taught text: no token is shorter than a byte. */
export function tokensMaxWith(taught: readonly string[], tokensMax: number): number {
  return taught.reduce((max, text) => Math.max(max, BYTES_PER_UNIT_MAX * text.length + 1), tokensMax);
}

/** Of UTF-8, for a unit of UTF-16. */
const BYTES_PER_UNIT_MAX = 3;
