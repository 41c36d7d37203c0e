/** Figures of the bench as a person reads them: each beside its limit and the fraction of it that was reached. */

import type { Figure, Summary } from "../../../lab/bench/figures.js";
import { formatTable } from "../../format.js";

export function figureTable(figures: readonly Figure[]): string {
  const hasLimits = figures.some(({ limit }) => limit !== undefined);
  const limitTitles = hasLimits ? ["limit in the same run", "median", "best", "reached"] : [];
  return formatTable([
    ["", "unit", "median", "best", "spread", ...limitTitles],
    ...figures.map((figure) => [figure.name, figure.unit, ...summaryCells(figure), ...limitCells(figure)]),
  ]);
}

function summaryCells({ median, best, spread }: Summary): readonly string[] {
  return [digits(median), digits(best), percent(spread)];
}

function limitCells({ limit, fraction }: Figure): readonly string[] {
  if (limit === undefined || fraction === undefined) return [];
  return [`${limit.name}, ${limit.unit}`, digits(limit.median), digits(limit.best), percent(fraction)];
}

/** Three digits that mean something, and never fewer than the whole part. */
function digits(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString("en-US");
  return value.toPrecision(3);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
}
