/**
 * Consistent renaming inside a piece of code. A model that sees project names it has never met must copy them from
 * context; renamed training text teaches just that, and a renamed line is the smallest honest edit.
 */
import type { Random } from "./random.js";

export interface Renaming {
  readonly from: string;
  readonly to: string;
}

const OCCURRENCES_MIN = 3;
const IDENTIFIER = /[A-Za-z_$][\w$]{3,}/g;
const NOT_NAMES = new Set(
  `this that true false null undefined const function return await async import from export default class extends
   implements interface type enum throw switch case break continue while typeof instanceof void never string number
   boolean unknown object symbol readonly public private protected static declare namespace module require self None
   True False lambda else elif except finally pass raise with yield super param returns since category example
   deprecated length name value Array Object String Number Boolean Promise Error`.split(/\s+/),
);

/** A name that occurs often in `text` and a made-up one for it, or undefined where nothing is worth renaming. */
export function drawRenaming(text: string, random: Random): Renaming | undefined {
  const counts = new Map<string, number>();
  for (const [name] of text.matchAll(IDENTIFIER)) counts.set(name, (counts.get(name) ?? 0) + 1);
  const names = [...counts.keys()].filter((name) => !NOT_NAMES.has(name));
  const frequent = names.filter((name) => (counts.get(name) ?? 0) >= OCCURRENCES_MIN);
  const from = frequent[random.below(frequent.length)];
  if (from === undefined) return undefined;
  const words = [...new Set(names.flatMap(wordsOf))];
  const drawn = [words[random.below(words.length)], words[random.below(words.length)]];
  const to = inStyleOf(
    from,
    drawn.filter((word) => word !== undefined),
  );
  return to === from || counts.has(to) ? undefined : { from, to };
}

/** Replaces whole identifiers only. */
export function rename(text: string, { from, to }: Renaming): string {
  return text.replace(/[A-Za-z_$][\w$]*/g, (name) => (name === from ? to : name));
}

export function hasIdentifier(text: string, name: string): boolean {
  return [...text.matchAll(IDENTIFIER)].some(([found]) => found === name);
}

function wordsOf(name: string): string[] {
  return (name.match(/[A-Z]?[a-z]{2,}/g) ?? []).map((word) => word.toLowerCase());
}

function inStyleOf(model: string, words: readonly string[]): string {
  if (/^[A-Z0-9_]+$/.test(model)) return words.join("_").toUpperCase();
  if (/^[a-z0-9]+(_[a-z0-9]+)+$/.test(model)) return words.join("_");
  const camel = words
    .map((word, index) => (index > 0 || /^[A-Z]/.test(model) ? capitalise(word) : word))
    .join("");
  return model.startsWith("_") ? `_${camel}` : camel;
}

function capitalise(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1);
}
