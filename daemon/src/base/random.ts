/**
 * Two small seeded generators, the same on every machine; neither for anything secret. They stand side by side and stay
 * two: journals replay the draws of `randomFrom`, pretraining runs those of `seededRandom`, so no number of either may
 * ever change.
 */

export interface Random {
  /** Uniform in [0, 1), 32 bits of it. */
  next(): number;
  /** Uniform integer in [0, limit). */
  below(limit: number): number;
}

/** A stream of draws that is a pure function of the whole numbers in `key`. */
export function seededRandom(...key: readonly number[]): Random {
  let state = 0x9e3779b9;
  for (const part of key) state = finalise((state ^ (part >>> 0)) + Math.floor(part / 0x1_0000_0000));
  const next = () => {
    state = (state + 0x9e3779b9) >>> 0;
    return finalise(state) / 0x1_0000_0000;
  };
  return { next, below: (limit) => Math.floor(next() * limit) };
}

function finalise(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** 0 … length-1 in a random order (Fisher and Yates). */
export function permutation(length: number, random: Random): Uint32Array {
  const order = Uint32Array.from({ length }, (_, index) => index);
  for (let last = length - 1; last > 0; last--) {
    const other = random.below(last + 1);
    const held = order[last] ?? 0;
    order[last] = order[other] ?? 0;
    order[other] = held;
  }
  return order;
}

/** Numbers in [0, 1). splitmix32: one 32-bit counter, mixed; ample for choosing a few items per step. */
export function randomFrom(seed: number): () => number {
  let counter = seed >>> 0;
  return () => {
    counter = (counter + 0x9e3779b9) >>> 0;
    let mixed = counter;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 0x1_0000_0000;
  };
}

/** Up to `count` different items, in the order drawn. */
export function drawDistinct<T>(options: {
  readonly random: () => number;
  readonly items: readonly T[];
  readonly count: number;
}): T[] {
  const left = [...options.items];
  const drawn: T[] = [];
  while (left.length > 0 && drawn.length < options.count) {
    drawn.push(...left.splice(Math.floor(options.random() * left.length), 1));
  }
  return drawn;
}
