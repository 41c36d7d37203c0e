/** The median of measurements: what a single odd one cannot move. */

/** The upper middle of an even number; NaN of none. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
