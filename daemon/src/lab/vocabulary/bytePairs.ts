/**
 * Byte-pair encoding: learns the tokens that compress counted pieces best (Gage 1994; Sennrich et al. 2016,
 * arXiv:1508.07909), with pair counts kept up to date instead of recounted. Deterministic: ties go to the pair whose
 * bytes sort first. Pure; memory grows with the distinct pieces.
 */

interface LearnOptions {
  /** The count of each distinct piece. Bytes are given as Latin-1 text, one character per byte. */
  readonly pieces: ReadonlyMap<string, number>;
  readonly merges: number;
  /** Tokens longer than this are not learnt. */
  readonly bytesMax: number;
}

/**
 * Returns the learnt tokens, most useful first, as Latin-1 text: fewer than asked for when no pair occurs twice.
 * Yields the number learnt so far about a hundred times, so that the caller can report, pause or stop.
 */
export function* learnPairs({ pieces, merges, bytesMax }: LearnOptions): Generator<number, string[]> {
  const corpus = new PairCounts(pieces, bytesMax);
  const learnt = new Set<string>();
  const step = Math.max(1, Math.floor(merges / 100));
  while (learnt.size < merges) {
    const pair = corpus.takeBest();
    if (pair === undefined) break;
    // Two different splits can make the same bytes; the token is learnt once, the merge is made all the same.
    learnt.add(corpus.merge(pair));
    if (learnt.size % step === 0) yield learnt.size;
  }
  return [...learnt];
}

interface Word {
  symbols: number[];
  readonly count: number;
}

/** A pair of symbols as one number: both stay below 2^20, far above any vocabulary. */
const PAIR_BASE = 1 << 20;
const COUNT_MIN = 2;

class PairCounts {
  readonly #texts: string[] = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte));
  readonly #symbolOf = new Map(this.#texts.map((text, symbol) => [text, symbol]));
  readonly #words: Word[];
  readonly #counts = new Map<number, number>();
  readonly #places = new Map<number, Set<number>>();
  readonly #queue: PairQueue;
  readonly #bytesMax: number;

  constructor(pieces: ReadonlyMap<string, number>, bytesMax: number) {
    this.#bytesMax = bytesMax;
    this.#words = [...pieces].map(([text, count]) => ({
      symbols: Array.from(text, (character) => character.charCodeAt(0)),
      count,
    }));
    for (const [index, word] of this.#words.entries()) this.#count(index, word, 1);
    this.#queue = new PairQueue((pair) => this.#bytes(pair));
    for (const [pair, count] of this.#counts) this.#queue.push({ pair, count });
  }

  /** The pair that occurs most often, or undefined when none is worth a token. */
  takeBest(): number | undefined {
    for (let top = this.#queue.pop(); top !== undefined; top = this.#queue.pop()) {
      const count = this.#counts.get(top.pair) ?? 0;
      // Counts in the queue may be stale: the true one is put back and waits its turn.
      if (count < top.count) {
        if (count >= COUNT_MIN) this.#queue.push({ pair: top.pair, count });
      } else if (count >= COUNT_MIN && this.#bytes(top.pair).length <= this.#bytesMax) return top.pair;
    }
    return undefined;
  }

  /** Replaces the pair everywhere by one symbol, whose bytes it returns. */
  merge(pair: number): string {
    const text = this.#bytes(pair);
    let symbol = this.#symbolOf.get(text);
    if (symbol === undefined) {
      symbol = this.#texts.push(text) - 1;
      this.#symbolOf.set(text, symbol);
    }
    const [left, right] = [Math.floor(pair / PAIR_BASE), pair % PAIR_BASE];
    const changed = new Set<number>();
    for (const index of this.#places.get(pair) ?? []) {
      const word = this.#words[index];
      if (word === undefined) continue;
      this.#count(index, word, -1);
      word.symbols = replacePair(word.symbols, { left, right, symbol });
      for (const grown of this.#count(index, word, 1)) changed.add(grown);
    }
    this.#counts.delete(pair);
    this.#places.delete(pair);
    for (const grown of changed) {
      const count = this.#counts.get(grown) ?? 0;
      if (count >= COUNT_MIN) this.#queue.push({ pair: grown, count });
    }
    return text;
  }

  /** Adds or takes away one word's pairs; returns them. */
  #count(index: number, word: Word, sign: 1 | -1): number[] {
    const pairs: number[] = [];
    for (let at = 0; at + 1 < word.symbols.length; at++) {
      const pair = (word.symbols[at] ?? 0) * PAIR_BASE + (word.symbols[at + 1] ?? 0);
      pairs.push(pair);
      this.#counts.set(pair, (this.#counts.get(pair) ?? 0) + sign * word.count);
      if (sign === 1) {
        const places = this.#places.get(pair);
        if (places === undefined) this.#places.set(pair, new Set([index]));
        else places.add(index);
      }
    }
    return pairs;
  }

  #bytes(pair: number): string {
    return (this.#texts[Math.floor(pair / PAIR_BASE)] ?? "") + (this.#texts[pair % PAIR_BASE] ?? "");
  }
}

function replacePair(
  symbols: readonly number[],
  { left, right, symbol }: { readonly left: number; readonly right: number; readonly symbol: number },
): number[] {
  const replaced: number[] = [];
  for (let at = 0; at < symbols.length; at++) {
    const current = symbols[at] ?? 0;
    if (current === left && symbols[at + 1] === right) {
      replaced.push(symbol);
      at++;
    } else replaced.push(current);
  }
  return replaced;
}

interface CountedPair {
  readonly pair: number;
  readonly count: number;
}

/** A binary heap: highest count first, then the bytes that sort first. */
class PairQueue {
  readonly #heap: CountedPair[] = [];
  readonly #bytes: (pair: number) => string;

  constructor(bytes: (pair: number) => string) {
    this.#bytes = bytes;
  }

  push(item: CountedPair): void {
    const heap = this.#heap;
    let at = heap.push(item) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(at, parent)) break;
      this.#swap(at, parent);
      at = parent;
    }
  }

  pop(): CountedPair | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return top;
    heap[0] = last;
    let at = 0;
    for (;;) {
      let first = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < heap.length && this.#isBefore(child, first)) first = child;
      }
      if (first === at) return top;
      this.#swap(at, first);
      at = first;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const [x, y] = [this.#heap[a], this.#heap[b]];
    if (x === undefined || y === undefined) return false;
    return x.count !== y.count ? x.count > y.count : this.#bytes(x.pair) < this.#bytes(y.pair);
  }

  #swap(a: number, b: number): void {
    const [x, y] = [this.#heap[a], this.#heap[b]];
    if (x === undefined || y === undefined) return;
    this.#heap[a] = y;
    this.#heap[b] = x;
  }
}
