/**
 * A map of the newest few: each `set` makes its key the newest, and beyond `max` the oldest key goes. Every operation on
 * one key takes constant time. What is listed is a copy, so the map may be changed while somebody walks through it.
 */

export class NewestMap<K, V> {
  readonly #max: number;
  /** A Map keeps the order of insertion: its first key is the oldest. */
  readonly #entries = new Map<K, V>();

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Does not make the key newer; where being asked for should, set it again. */
  get(key: K): V | undefined {
    return this.#entries.get(key);
  }

  set(key: K, value: V): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#max) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      return;
    }
  }

  /** Another value for a key that is kept, which does not become newer by it; any other key is left alone. */
  replace(key: K, value: V): void {
    if (this.#entries.has(key)) this.#entries.set(key, value);
  }

  delete(key: K): void {
    this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }

  /** Oldest first. */
  values(): readonly V[] {
    return [...this.#entries.values()];
  }

  /** Oldest first. */
  entries(): readonly (readonly [K, V])[] {
    return [...this.#entries];
  }
}
