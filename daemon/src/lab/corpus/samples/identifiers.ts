/**
 * Consistent renaming inside a piece of code. A model that sees project names it has never met must copy them from
 * context; renamed training text teaches just that, and a renamed line is the smallest honest edit.
 */
import type { Random } from "../../../base/random.js";

interface Renaming {
  readonly from: string;
  readonly to: string;
}

const OCCURRENCES_MIN = 2;
const RENAMINGS_MAX = 12;
/** Share of new names with an invented word; the others join two words of the text. */
const INVENTED = 0.9;
/** Share of these that are the invented word and nothing else. */
const INVENTED_ALONE = 0.3;
const IDENTIFIER = /[A-Za-z_$][\w$]{3,}/g;
const NOT_NAMES = new Set(
  `this that true false null undefined const function return await async import from export default class extends
   implements interface type enum throw switch case break continue while typeof instanceof void never string number
   boolean unknown object symbol readonly public private protected static declare namespace module require self None
   True False lambda else elif except finally pass raise with yield super param returns since category example
   deprecated length name value Array Object String Number Boolean Promise Error`.split(/\s+/),
);

/**
 * A name that occurs again in `text` and a made-up one for it, or undefined where nothing is worth renaming. Of two
 * names the one whose occurrences lie farther apart: it has to be remembered for longer.
 */
export function drawRenaming(text: string, random: Random): Renaming | undefined {
  const places = placesOfNames(text);
  const again = [...places].filter(([, at]) => at.length >= OCCURRENCES_MIN);
  const drawn = [again[random.below(again.length)], again[random.below(again.length)]]
    .filter((each) => each !== undefined)
    .sort(([, a], [, b]) => longestWay(b) - longestWay(a));
  const from = drawn[0]?.[0];
  if (from === undefined) return undefined;
  const to = inStyleOf(from, newWords([...places.keys()], random));
  return to === from || places.has(to) || NOT_NAMES.has(to) ? undefined : { from, to };
}

function placesOfNames(text: string): ReadonlyMap<string, readonly number[]> {
  const places = new Map<string, number[]>();
  for (const { 0: name, index } of text.matchAll(IDENTIFIER)) {
    if (NOT_NAMES.has(name)) continue;
    const found = places.get(name);
    if (found === undefined) places.set(name, [index]);
    else found.push(index);
  }
  return places;
}

function longestWay(places: readonly number[]): number {
  return Math.max(...places.slice(1).map((place, index) => place - (places[index] ?? place)));
}

/** The parts of new names. */
function newWords(names: readonly string[], random: Random): readonly string[] {
  const words = [...new Set(names.flatMap(wordsOf))];
  const drawn = [words[random.below(words.length)], words[random.below(words.length)]];
  // A word that no file has: a half of the name, or all of it.
  if (random.next() < INVENTED) {
    const invented = inventWord(random);
    if (random.next() < INVENTED_ALONE) return [invented];
    drawn[random.below(2)] = invented;
  }
  return drawn.filter((word) => word !== undefined);
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
function inventWord(random: Random): string {
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
