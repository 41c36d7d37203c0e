/** How much a text repeats itself. Pure. */

/**
 * 1 - distinct / all n-grams over words and single signs, as in Welleck et al. (2020, arXiv:1908.04319, "seq-rep-n"):
 * 0 where every n-gram is new, near 1 in a loop.
 */
export function repeatedNgrams(text: string, n: number): number {
  const words = text.match(/\w+|[^\s\w]/g) ?? [];
  const count = words.length - n + 1;
  if (count <= 0) return 0;
  const distinct = new Set(Array.from({ length: count }, (_, at) => words.slice(at, at + n).join(" ")));
  return 1 - distinct.size / count;
}

/** Share of the lines with a word in them that the same text has had before, indentation aside. */
export function repeatedLines(text: string): number {
  const lines = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => /\w\w/.test(line));
  return lines.length === 0 ? 0 : 1 - new Set(lines).size / lines.length;
}
