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
const RENAMINGS_MAX = 8;
/** Share of new names with an invented word; the others join two words of the text. */
const INVENTED = 0.9;
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
  // One half of a name may be a word that no file has.
  if (random.next() < INVENTED) drawn[random.below(2)] = inventWord(random);
  const to = inStyleOf(
    from,
    drawn.filter((word) => word !== undefined),
  );
  return to === from || counts.has(to) ? undefined : { from, to };
}

/** Some names of `text`, one to `RENAMINGS_MAX`, each replaced throughout; undefined where none is worth it. */
export function renameSome(text: string, random: Random): string | undefined {
  let renamed: string | undefined;
  for (let count = 1 + random.below(RENAMINGS_MAX); count > 0; count--) {
    const renaming = drawRenaming(renamed ?? text, random);
    if (renaming === undefined) break;
    renamed = rename(renamed ?? text, renaming);
  }
  return renamed;
}

/** Two to four syllables, pronounceable and meaningless. */
export function inventWord(random: Random): string {
  const pick = (letters: string) => letters[random.below(letters.length)] ?? "";
  let word = "";
  for (let syllables = 2 + random.below(3); syllables > 0; syllables--) {
    word += pick("bcdfghjklmnprstvwz") + pick("aeiou");
    if (random.next() < 0.3) word += pick("lmnrst");
  }
  return word;
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
