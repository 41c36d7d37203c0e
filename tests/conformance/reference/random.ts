/** Reproducible numbers for fixtures. */

export interface Random {
  /** In [0,1). */
  uniform(): number;
  /** Mean 0, deviation 1. */
  normal(): number;
  /** Whole, in [0,limit). */
  below(limit: number): number;
}

/** mulberry32 by Tommy Ettinger (public domain), written from its description. */
export function createRandom(seed: number): Random {
  let state = seed;
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    uniform,
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    below: (limit) => Math.floor(uniform() * limit),
  };
}
