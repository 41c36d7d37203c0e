/** The measures of `ouro eval model` as tables of at most 100 columns. */

import type { Measurements } from "../../../lab/evaluation/evaluate.js";
import { headlineOf } from "../../../lab/evaluation/headline.js";
import type { Bits, BitsRow } from "../../../lab/evaluation/measures/bits.js";
import { INDUCTION_KINDS } from "../../../lab/evaluation/measures/induction.js";
import { DISTANCES, type Induction } from "../../../lab/evaluation/measures/inductionProbe.js";
import type { Latency, Percentiles } from "../../../lab/evaluation/measures/latency.js";
import type { Leak } from "../../../lab/evaluation/measures/leak.js";
import type { LineFigures } from "../../../lab/evaluation/measures/lineFigures.js";
import type {
  FillMeasure,
  LineMean,
  LineMeasure,
  LineRow,
} from "../../../lab/evaluation/measures/lineMeasures.js";
import type { SampleFigures, Samples } from "../../../lab/evaluation/measures/samples.js";
import { formatBytes, formatCount, formatTable, oneLine } from "../../format.js";

const PROJECT_WIDTH = 22;
const PATH_WIDTH = 34;

/** One below the other, those that were taken, with the figures that a model is judged by at the end. */
export function measureTables(measured: Measurements): string {
  const { bits, lines, fill, induction, samples, latency, leak } = measured;
  const tables = [
    bits && bitsTables(bits),
    lines && linesTable(lines),
    fill && fillTable(fill),
    induction && inductionTable(induction),
    samples && samplesTable(samples),
    latency && latencyTable(latency),
    leak && leakTables(leak),
    headlineTable(measured),
  ];
  return tables.filter((table) => table !== undefined && table !== "").join("\n");
}

function bitsTables({ rows, languages, windowTokens }: Bits): string {
  const late = lateTitle(windowTokens);
  const isCompared = rows.some(({ comparedBitsPerByte }) => comparedBitsPerByte !== undefined);
  const titles = ["windows", "±", late, "±", "whole", "top-1", "top-5"];
  // Both would be too wide.
  const last = (row: BitsRow) =>
    isCompared ? figure(row.comparedBitsPerByte, 4) : formatBytes(row.windows.bytes);
  const byProject = formatTable([
    ["bits per byte", "", ...titles, isCompared ? "compared" : "text"],
    ...rows.map((row) => [...rowCells(row), last(row)]),
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
    shortened(project),
    language,
    figure(windows.bitsPerByte),
    figure(windows.standardError),
    figure(late?.bitsPerByte),
    figure(late?.standardError),
    figure(whole.bitsPerByte),
    percent(windows.top1),
    percent(windows.top5),
  ];
}

/** Each figure without the text below in the prompt, and with it. */
function linesTable({ rows, languages }: LineMeasure): string {
  return formatTable([
    ["next lines", "", "places", "exact", "with suffix", "similar", "with suffix"],
    ...rows.map((row) => [shortened(row.project), row.language, ...lineCells(row)]),
    ...languages.map((each) => [`mean of ${each.projects}`, each.language, ...lineCells(each)]),
  ]);
}

function lineCells({ continue: plain, fill }: LineRow | LineMean): readonly string[] {
  return [
    String(plain.places),
    percent(plain.exact),
    percent(fill?.exact),
    figure(plain.editSimilarity),
    figure(fill?.editSimilarity),
  ];
}

function fillTable(fill: FillMeasure): string {
  const cuts = [
    { title: "before a word", measure: fill.word },
    { title: "anywhere", measure: fill.character },
  ];
  return formatTable([
    ["rests of lines", "cut", "places", "exact", "as fill", "first 3", "as fill", "similar", "as fill"],
    ...cuts.flatMap(({ title, measure }) =>
      measure.languages.map((each) => [each.language, title, ...fillCells(each.continue, each.fill)]),
    ),
  ]);
}

function fillCells(plain: LineFigures, fill: LineFigures | undefined): readonly string[] {
  return [
    String(plain.places),
    percent(plain.exact),
    percent(fill?.exact),
    percent(plain.firstThree),
    percent(fill?.firstThree),
    figure(plain.editSimilarity),
    figure(fill?.editSimilarity),
  ];
}

const KIND_TITLES = {
  typed: "3 characters typed",
  bare: "nothing typed",
  undefined: "never defined",
} as const;

function inductionTable({ rows }: Induction): string {
  const cell = (kind: (typeof INDUCTION_KINDS)[number], distance: number) =>
    percent(rows.find((row) => row.kind === kind && row.distance === distance)?.recall);
  return formatTable([
    ["names recalled after", ...DISTANCES.map((distance) => `${distance} tokens`)],
    ...INDUCTION_KINDS.map((kind) => [
      KIND_TITLES[kind],
      ...DISTANCES.map((distance) => cell(kind, distance)),
    ]),
    ["cases each", ...DISTANCES.map(() => String(rows[0]?.cases ?? 0))],
  ]);
}

function samplesTable({ written, real }: Samples): string {
  const cells = (name: string, each: SampleFigures) => [
    name,
    String(each.samples),
    percent(each.balanced),
    percent(each.repeatedNgrams),
    percent(each.repeatedLines),
  ];
  return formatTable([
    ["12 lines, sampled", "", "brackets in order", "4-grams repeated", "lines repeated"],
    cells("the model's", written),
    cells("the real ones", real),
  ]);
}

function latencyTable({ runs, prefixTokens, firstTokenMs, tokenMs }: Latency): string {
  const cells = ({ p50, p95 }: Percentiles) => [`${p50.toPrecision(3)} ms`, `${p95.toPrecision(3)} ms`];
  return formatTable([
    [`latency, ${runs} runs, depends on the machine's load`, "median", "95 %"],
    [`first token after ${prefixTokens} new ones`, ...cells(firstTokenMs)],
    ["each further token", ...cells(tokenMs)],
  ]);
}

function leakTables({ documents, projects, files }: Leak): string {
  const byProject = formatTable([
    [`13-word runs that ${formatCount(documents)} corpus texts have too`, "of"],
    ...projects.map(({ project, ngrams, share }) => [
      `${shortened(project)} ${(100 * share).toFixed(2)} %`,
      formatCount(ngrams),
    ]),
  ]);
  if (files.length === 0) return byProject;
  const path = (text: string) => oneLine({ text, widthMax: PATH_WIDTH });
  const byFile = formatTable([
    ["files with most", "", "like"],
    ...files.map((file) => [path(`${file.project}/${file.path}`), percent(file.share), path(file.with)]),
  ]);
  return `${byProject}\n${byFile}`;
}

function headlineTable(measured: Measurements): string {
  const headline = headlineOf(measured);
  const late = `bits per byte at context ${lateTitle(measured.bits?.windowTokens ?? 0)}`;
  const rows: readonly (readonly [string, number | undefined, (value: number) => string])[] = [
    [`hono, ${late}`, headline.honoLateBits, figure],
    [`mean of ${headline.othersProjects} others, ${late}`, headline.othersLateBits, figure],
    ["next token right", headline.top1, percent],
    ["next line exact", headline.nextLineExact, percent],
    ["next line exact, text below shown", headline.nextLineExactFill, percent],
    ["name recalled after 200 tokens", headline.inductionRecall, percent],
    ["bits per byte lost by the weights", headline.comparedDifference, (value) => figure(value, 4)],
  ];
  const known = rows.flatMap(([name, value, format]) => (value === undefined ? [] : [[name, format(value)]]));
  return known.length === 0 ? "" : formatTable([["TypeScript, cold", ""], ...known]);
}

function shortened(project: string): string {
  return oneLine({ text: project, widthMax: PROJECT_WIDTH });
}

function figure(value: number | undefined, digits = 3): string {
  return value === undefined ? "–" : value.toFixed(digits);
}

function percent(share: number | undefined): string {
  return share === undefined ? "–" : `${(100 * share).toFixed(1)} %`;
}
