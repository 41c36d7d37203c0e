/** Numbers that look random and are the same in every run. */

interface SeededRandom {
  /** In [0, 1). */
  uniform(): number;
  normals(count: number, options: { readonly mean: number; readonly deviation: number }): Float32Array;
}

/** mulberry32 (Tommy Ettinger, public domain), and Box-Muller on top. */
export function seededRandom(seed: number): SeededRandom {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return {
    uniform,
    normals: (count, { mean, deviation }) =>
      Float32Array.from({ length: count }, () => mean + deviation * normal()),
  };
}
