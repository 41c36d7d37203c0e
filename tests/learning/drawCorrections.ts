/**
 * Draws corrections from code that is in no corpus: a place in a file, and what should stand there to the end of the
 * line, which is either what does stand there or the same with a name or a literal changed. A pure function of the seed.
 */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface DrawnPlace {
  readonly path: string;
  readonly prefix: string;
  readonly suffix: string;
  readonly wanted: string;
}

/** Frozen copies of this project's own sources. */
const CODE_FOLDER = join(import.meta.dirname, "..", "fixtures", "code");
const SYLLABLES = ["mo", "ra", "ti", "ven", "zu", "kel", "bor", "dan", "lis", "qua"];

/** Frozen copies of this project's own sources. */
export function readCode(): readonly { readonly name: string; readonly text: string }[] {
  return readdirSync(CODE_FOLDER)
    .sort()
    .map((name) => ({ name, text: readFileSync(join(CODE_FOLDER, name), "utf8") }));
}

/** The ways to draw that one seed gives. */
export function drawingFrom(seed: number) {
  const random = mulberry32(seed);
  const below = (count: number) => Math.floor(random() * count);
  const pick = <T>(items: readonly T[]): T => {
    const item = items[below(items.length)];
    if (item === undefined) throw new RangeError("nothing to draw from");
    return item;
  };
  /** That nobody uses. */
  const name = () => `${pick(SYLLABLES)}${pick(SYLLABLES)}`;
  return { below, pick, name, chance: (share: number) => random() < share };
}

/** Draws without end; every place has a wanted text of 4 to 60 characters on one line. */
export function* drawPlaces(seed: number): Generator<DrawnPlace> {
  const { below, pick, name: newName, chance } = drawingFrom(seed);
  const files = readCode();
  while (true) {
    const { name, text } = pick(files);
    const lines = text.split("\n");
    const row = below(lines.length);
    const line = lines[row] ?? "";
    const starts = [...line.matchAll(/\b\w/g)].map((match) => match.index).filter((index) => index > 0);
    if (starts.length === 0) continue;
    const column = pick(starts);
    const rest = line.slice(column);
    const wanted = chance(0.4) ? rest : changed(rest, newName);
    if (wanted.length < 4 || wanted.length > 60) continue;
    yield {
      path: `src/${name.replace(/\.txt$/, "")}`,
      prefix: [...lines.slice(0, row), line.slice(0, column)].join("\n"),
      suffix: `\n${lines.slice(row + 1).join("\n")}`,
      wanted,
    };
  }
}

/** The first identifier or number is replaced by one that nobody uses. */
function changed(text: string, name: () => string): string {
  return text.replace(/[A-Za-z_]\w{2,}|\d+/, (found) => (/^\d/.test(found) ? `${found}7` : name()));
}

/** Tommy Ettinger's mulberry32: small, and the same on every platform. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
