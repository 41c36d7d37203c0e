/**
 * A map of the newest few: each `set` makes its key the newest, and beyond `max` entries, or so many bytes where its values
 * are weighed, the oldest keys go. Every operation on one key takes constant time. What is listed is a copy, so the map may
 * be changed while somebody walks through it.
 */

interface Weighing<V> {
  /** Of one value, the same each time. */
  readonly bytesOf: (value: V) => number;
  /** A value that is larger alone is not kept. */
  readonly bytesMax: number;
}

export class NewestMap<K, V> {
  readonly #max: number;
  readonly #weighing: Weighing<V> | undefined;
  #bytes = 0;
  /** A Map keeps the order of insertion: its first key is the oldest. */
  readonly #entries = new Map<K, V>();

  constructor(max: number, weighing?: Weighing<V>) {
    this.#max = max;
    this.#weighing = weighing;
  }

  /** Of all values; 0 where they are not weighed. */
  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Does not make the key newer; where being asked for should, set it again. */
  get(key: K): V | undefined {
    return this.#entries.get(key);
  }

  set(key: K, value: V): void {
    this.delete(key);
    this.#entries.set(key, value);
    this.#bytes += this.#bytesOf(value);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#max && this.#bytes <= (this.#weighing?.bytesMax ?? 0)) return;
      this.delete(oldest);
    }
  }

  /** Another value for a key that is kept, which does not become newer by it; any other key is left alone. */
  replace(key: K, value: V): void {
    const before = this.#entries.get(key);
    if (before === undefined) return;
    this.#bytes += this.#bytesOf(value) - this.#bytesOf(before);
    this.#entries.set(key, value);
  }

  delete(key: K): void {
    const value = this.#entries.get(key);
    if (value !== undefined) this.#bytes -= this.#bytesOf(value);
    this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }

  /** Oldest first. */
  values(): readonly V[] {
    return [...this.#entries.values()];
  }

  /** Oldest first. */
  entries(): readonly (readonly [K, V])[] {
    return [...this.#entries];
  }

  #bytesOf(value: V): number {
    return this.#weighing?.bytesOf(value) ?? 0;
  }
}
