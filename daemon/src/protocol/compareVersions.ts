/** Which of two versions of this product is the newer one: three numbers, as package.json has them. */

/** Above 0: `a` is newer; below 0: `b` is; 0: equal, as far as numbers tell. What is no number counts as 0. */
export function compareVersions(a: string, b: string): number {
  const left = numbersOf(a);
  const right = numbersOf(b);
  for (const [index, number] of left.entries()) {
    const difference = number - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function numbersOf(version: string): readonly number[] {
  const [numbers = ""] = version.split(/[-+]/, 1);
  return [0, 1, 2].map((index) => Number.parseInt(numbers.split(".")[index] ?? "", 10) || 0);
}
