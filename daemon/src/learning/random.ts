/** A small seeded generator, so that the same journal makes the same choices on every machine. Not for secrets. */

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
