/** The measures of `ouro eval model` as tables of at most 100 columns. */

import type { Bits, BitsRow } from "../../evaluation/bits.js";
import type { Measured } from "../../evaluation/evaluate.js";
import { headlineOf } from "../../evaluation/headline.js";
import { formatBytes, formatTable } from "../format.js";

/** Of a project or a language; longer ones are cut. */
const NAME_WIDTH_MAX = 22;

export function measureTables(measured: Measured): string {
  const { bits } = measured;
  const tables = [bits && bitsTables(bits), bits && headlineTable(bits)];
  return tables.filter((table) => table !== undefined && table !== "").join("\n");
}

function bitsTables({ rows, languages, windowTokens }: Omit<Bits, "kind">): string {
  const late = lateTitle(windowTokens);
  const isCompared = rows.some(({ comparedBitsPerByte }) => comparedBitsPerByte !== undefined);
  const byProject = formatTable([
    [
      "bits per byte",
      "",
      "windows",
      late,
      "whole",
      "top-1",
      "top-5",
      "text",
      ...(isCompared ? ["compared"] : []),
    ],
    ...rows.map((row) => [...rowCells(row), ...(isCompared ? [figure(row.comparedBitsPerByte, 4)] : [])]),
  ]);
  const byLanguage = formatTable([
    ["mean of projects", "", "windows", late, "whole", "top-1", "top-5"],
    ...languages.map((each) => [
      each.language,
      String(each.projects),
      figure(each.windows),
      figure(each.late),
      figure(each.whole),
      percent(each.top1),
      percent(each.top5),
    ]),
  ]);
  return `${byProject}\n${byLanguage}`;
}

function lateTitle(windowTokens: number): string {
  return `${windowTokens >> 1}–${windowTokens}`;
}

function rowCells({ project, language, windows, late, whole }: BitsRow): readonly string[] {
  return [
    project.slice(0, NAME_WIDTH_MAX),
    language,
    figure(windows.bitsPerByte),
    figure(late?.bitsPerByte),
    figure(whole.bitsPerByte),
    percent(windows.top1),
    percent(windows.top5),
    formatBytes(windows.bytes),
  ];
}

function headlineTable(bits: Omit<Bits, "kind">): string {
  const { honoLateBits, othersLateBits, othersProjects, top1, comparedDifference } = headlineOf(bits);
  const late = `at context ${lateTitle(bits.windowTokens)}`;
  const rows = [
    [`hono, TypeScript, bits per byte ${late}`, figure(honoLateBits)],
    [`mean of ${othersProjects} other TypeScript projects`, figure(othersLateBits)],
    ["next token right, TypeScript", percent(top1)],
    ...(comparedDifference === undefined
      ? []
      : [["bits per byte lost by the weights", figure(comparedDifference, 4)]]),
  ];
  return formatTable(rows);
}

export function figure(value: number | undefined, digits = 3): string {
  return value === undefined ? "–" : value.toFixed(digits);
}

export function percent(share: number | undefined): string {
  return share === undefined ? "–" : `${(100 * share).toFixed(1)} %`;
}
