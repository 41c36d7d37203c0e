/** How what was written compares with what stands there. Pure. */

import { editDistance } from "@ouroboros/configs";
import { meanOf } from "../scoreSums.js";

export interface LineFigures {
  readonly places: number;
  /** Share of places where both are the same but for blanks around them. */
  readonly exact: number;
  /** Mean of 1 - Levenshtein's distance / length of the longer one, both without blanks around them. */
  readonly editSimilarity: number;
  /** Share of places where the first three characters are right, blanks included. */
  readonly firstThree: number;
}

export interface WrittenLine {
  readonly expected: string;
  readonly written: string;
}

export function lineFigures(lines: readonly WrittenLine[]): LineFigures {
  const share = (holds: (line: WrittenLine) => boolean) =>
    meanOf(lines.map((line) => (holds(line) ? 1 : 0))) ?? 0;
  return {
    places: lines.length,
    exact: share(({ expected, written }) => expected.trim() === written.trim()),
    editSimilarity: meanOf(lines.map(editSimilarity)) ?? 0,
    firstThree: share(({ expected, written }) => expected.slice(0, 3) === written.slice(0, 3)),
  };
}

/** 1 for equal texts, 0 where no character is kept. */
export function editSimilarity({ expected, written }: WrittenLine): number {
  const [a, b] = [expected.trim(), written.trim()];
  const longer = Math.max(a.length, b.length);
  return longer === 0 ? 1 : 1 - editDistance(a, b) / longer;
}

/** Unweighted mean of figures, as of several projects; the places are added up. */
export function meanFigures(all: readonly LineFigures[]): LineFigures {
  const mean = (value: (figures: LineFigures) => number) => meanOf(all.map(value)) ?? 0;
  return {
    places: all.reduce((sum, { places }) => sum + places, 0),
    exact: mean(({ exact }) => exact),
    editSimilarity: mean(({ editSimilarity: similarity }) => similarity),
    firstThree: mean(({ firstThree }) => firstThree),
  };
}
