/** Cuts a text where it begins to run in circles (`a();a();a();`, `^^^^`): what a small model does when it is lost. */

import { cutTo, type Filter } from "./filter.js";

/** Longest passage whose repetition is looked for; the cost per character. */
const PERIOD_MAX = 80;
/** So often a passage stands in a row before it counts as a loop. */
const COPIES_MAX = 2;
/** So many equal characters in a row mean nothing yet: a number or a name; a ruler under a heading; nested brackets. */
const RUNS_MAX: readonly (readonly [characters: RegExp, count: number])[] = [
  [/[\w()[\]{}]/, 7],
  [/[-=/*#_~.+ \t\n]/, 80],
];
const RUN_MAX_ELSE = 3;

export const cutRepetition: Filter = (candidate) => {
  let cut = candidate;
  for (;;) {
    const end = loopEnd(cut.text);
    if (end === undefined) return cut;
    cut = cutTo(cut, end);
  }
};

/** Where the first copy of the earliest loop ends; a loop of one character counts as nothing. */
function loopEnd(text: string): number | undefined {
  let earliest: { readonly start: number; readonly end: number } | undefined;
  for (let period = 1; period <= PERIOD_MAX; period++) {
    const start = loopStart(text, period);
    if (start === undefined || (earliest && earliest.start <= start)) continue;
    earliest = { start, end: period === 1 ? start : start + period };
  }
  return earliest?.end;
}

/** Where something of `period` characters begins that stands there again and again. */
function loopStart(text: string, period: number): number | undefined {
  let start = 0;
  for (let at = period; at < text.length; at++) {
    if (text[at] !== text[at - period]) start = at - period + 1;
    else if (at + 1 - start > lengthMax(text.slice(start, start + period))) return start;
  }
  return undefined;
}

/** The length of the longest stretch of repetitions of `passage` that means nothing yet. */
function lengthMax(passage: string): number {
  const [first = ""] = passage;
  const isRun = passage === first.repeat(passage.length);
  if (isRun) return RUNS_MAX.find(([characters]) => characters.test(first))?.[1] ?? RUN_MAX_ELSE;
  // A passage without a word may well stand thrice: `[[0, 0], [0, 0]]`, `, , ,`.
  return passage.length * (/[A-Za-z]/.test(passage) ? COPIES_MAX + 1 : COPIES_MAX + 3) - 1;
}
