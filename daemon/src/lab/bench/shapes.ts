/** The sizes that engines are compared at. Speed depends on the shape and not on the values, so no file is needed. */

/** A shape as the engine takes it; the low ranks are those of the published models. */
export interface BenchShape {
  readonly layers: number;
  readonly width: number;
  readonly vocabularySize: number;
  readonly loraRanks: { readonly w: number; readonly a: number; readonly v: number; readonly g: number };
}

export const BENCH_SHAPE_NAMES = ["tiny", "0.1b", "0.4b"] as const;
type BenchShapeName = (typeof BENCH_SHAPE_NAMES)[number];

export const BENCH_SHAPES: Readonly<Record<BenchShapeName, BenchShape>> = {
  tiny: { layers: 6, width: 256, vocabularySize: 4096, loraRanks: { w: 32, a: 32, v: 32, g: 96 } },
  "0.1b": { layers: 12, width: 768, vocabularySize: 65_536, loraRanks: { w: 64, a: 64, v: 32, g: 128 } },
  "0.4b": { layers: 24, width: 1024, vocabularySize: 65_536, loraRanks: { w: 64, a: 64, v: 32, g: 160 } },
};

/** Any tokens will do, as long as they are not all the same. */
export function someTokens(length: number, vocabularySize: number): Uint32Array {
  return Uint32Array.from({ length }, (_, index) => 1 + ((index * 7919) % (vocabularySize - 1)));
}
