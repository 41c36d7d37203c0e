/** What the soak's windows teach: a fixed list, drawn from again and again, so that lessons repeat and contradict. */

import type { Random } from "../../../daemon/src/base/random.js";

interface Taught {
  /** What stands before the cursor. */
  readonly before: string;
  readonly wanted: string;
}

/** At one place different windows want different things; the first of each is drawn most often. */
const PLACES = [
  { before: "const total = ", wanted: ["sum(items.map(priceOf));", "items.length;", "0;"] },
  { before: "  return ", wanted: ["await store.find(id);", "undefined;"] },
  { before: "import { readFile } from ", wanted: ['"node:fs/promises";'] },
  { before: "  } catch (error) {\n    ", wanted: ['log.warn("not loaded", { error });', "throw error;"] },
  { before: "export function open(", wanted: ["path: string, mode: Mode): File {"] },
  { before: "for (const order of ", wanted: ["orders.toSorted(byDate)) {", "orders) {"] },
  { before: "expect(await load(name))", wanted: [".toEqual(expected);"] },
  { before: "const options: Options = ", wanted: ["{ ...defaults, ...given };", "defaults;"] },
] as const;

/** After this question an answer was wrong. */
export const QUESTION = "How do I open a file?";
const ANSWERS = ["Call open(path) and await it.", "Ask the store: it opens files for you."] as const;

export function drawLesson(random: Random): Taught {
  const { before, wanted } = drawn(PLACES, random);
  return { before, wanted: random.below(2) === 0 ? wanted[0] : drawn(wanted, random) };
}

export const drawAnswer = (random: Random): string => drawn(ANSWERS, random);

export function drawn<Item>(items: readonly Item[], random: Random): Item {
  const item = items[random.below(items.length)];
  if (item === undefined) throw new RangeError("nothing to draw from");
  return item;
}
