/**
 * One open document's, or conversation's, States along what the base last read of it, so that a keystroke costs only
 * the tokens that it changed.
 *
 * Every kept State knows the tokens that it stands after, so it is used where these are the beginning of a prompt and
 * nowhere else: there is nothing to invalidate, requests may overlap, and what comes back (an undo, a jump back) finds
 * its States again while they are kept. States are the base's alone, so learning never makes them stale.
 */

import type { Model, Priority, State } from "../engine/engine.js";

/**
 * The engine multiplies few rows by other kernels than many, with other roundings, and among few it takes groups of so
 * many. A prompt that is always read in pieces of few rows, cut between groups, gives the same bits wherever it is cut,
 * so no answer depends on what was read before.
 */
const ROWS_PER_GROUP = 4;
const PIECE_TOKENS_MAX = 64;

interface Kept {
  /** All that the State has read. */
  readonly tokens: Uint32Array;
  readonly state: State;
}

export class Session {
  readonly #model: Model;
  readonly #statesMax: number;
  /** The State that was wanted least recently comes first, and goes first. */
  #kept: readonly Kept[] = [];

  constructor(options: { readonly model: Model; readonly statesMax: number }) {
    this.#model = options.model;
    this.#statesMax = options.statesMax;
  }

  /** Asked for last; the pool's. */
  usedAtMs = 0;

  /** States kept now. */
  get size(): number {
    return this.#kept.length;
  }

  /** The base's State after `tokens[0..boundary)`. Cancelled, it keeps the States that it got to. Rejects with EngineError only. */
  async stateBefore(read: {
    /** The prompt. Kept as it is: must not be written to afterwards. */
    readonly tokens: Uint32Array;
    /** The State before this token is asked for. */
    readonly boundary: number;
    /** Other places in `tokens` about which a State is worth keeping; those after the boundary are left out. */
    readonly marks: readonly number[];
    readonly signal: AbortSignal;
    readonly priority: Priority;
  }): Promise<
    | { readonly kind: "finished"; readonly state: State; readonly tokensRead: number }
    | { readonly kind: "cancelled" }
  > {
    const { tokens, boundary, marks, signal, priority } = read;
    const places = readingPlaces(marks, boundary);
    const found = this.#find(tokens.subarray(0, boundary), places);
    let { state } = found;
    let at = found.tokens.length;
    for (const place of places.filter((each) => each > found.tokens.length)) {
      const piece = await this.#model.read({ state, tokens: tokens.subarray(at, place), signal, priority });
      if (piece.kind === "cancelled") return { kind: "cancelled" };
      ({ state } = piece);
      at = place;
      this.#keep({ tokens: tokens.subarray(0, at), state });
    }
    return { kind: "finished", state, tokensRead: boundary - found.tokens.length };
  }

  /** The longest beginning of `wanted` that was read; it and those at `places` are wanted anew. */
  #find(wanted: Uint32Array, places: readonly number[]): Kept {
    const along = this.#kept
      .filter(({ tokens }) => tokens.length % ROWS_PER_GROUP === 0 || tokens.length === wanted.length)
      .filter(({ tokens }) => isBeginning(tokens, wanted))
      .sort((a, b) => a.tokens.length - b.tokens.length);
    const found = along.at(-1);
    for (const each of along) if (each === found || places.includes(each.tokens.length)) this.#keep(each);
    return found ?? { tokens: wanted.subarray(0, 0), state: this.#model.zeroState() };
  }

  /** Moves or adds to the end. */
  #keep(entry: Kept): void {
    const others = this.#kept.filter((each) => !isSame(each.tokens, entry.tokens));
    this.#kept = [...others, entry].slice(-this.#statesMax);
  }
}

/** Where reading stops to keep a State: ascending, the boundary last. */
function readingPlaces(marks: readonly number[], boundary: number): readonly number[] {
  const places = marks
    .map((mark) => mark - (mark % ROWS_PER_GROUP))
    .filter((place) => place > 0 && place < boundary);
  for (let at = PIECE_TOKENS_MAX; at < boundary; at += PIECE_TOKENS_MAX) places.push(at);
  return [...new Set([...places, boundary])].filter((place) => place > 0).sort((a, b) => a - b);
}

function isBeginning(tokens: Uint32Array, whole: Uint32Array): boolean {
  return tokens.length <= whole.length && tokens.every((token, at) => token === whole[at]);
}

function isSame(a: Uint32Array, b: Uint32Array): boolean {
  return a.length === b.length && isBeginning(a, b);
}
