/** Seeded choices: the same seed, names and items give the same choice on every machine, whatever else is measured. */

import { permutation, type Random, seededRandom } from "../../base/random.js";

/** A stream of draws that depends on the seed and on what it is for, so that leaving one measure out changes no other. */
export function randomFor(seed: number, ...names: readonly string[]): Random {
  return seededRandom(seed, ...names.map(hashOf));
}

/** `count` of the items at most, each at most once, in the order in which they stand. */
export function draw<T>(items: readonly T[], count: number, random: Random): readonly T[] {
  if (items.length <= count) return items;
  const chosen = permutation(items.length, random).subarray(0, count).sort();
  return Array.from(chosen).flatMap((index) => items.slice(index, index + 1));
}

/** FNV-1a over UTF-16 units, 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
