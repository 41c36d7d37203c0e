/** An entry by its number; a wrong one is an error instead of a silent undefined. */
export function item(list: ArrayLike<number>, index: number): number {
  const value = list[index];
  if (value === undefined) throw new RangeError(`entry ${index} of ${list.length}`);
  return value;
}
