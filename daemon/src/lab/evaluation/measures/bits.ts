/**
 * Bits per byte and next-token accuracy on projects the model has not seen, three readings of the same files: windows
 * from the zero State; the late part of those windows, where the model has a context to go by; whole files with the
 * State carried.
 */

import type { OnProgress } from "../../../base/progress.js";
import { startPhase } from "../../../base/progress.js";
import type { Cancelled, Finished, Model, Tokenizer } from "../../../engine/engine.js";
import { draw, randomFor } from "../draw.js";
import type { EvaluationProject } from "../projects.js";
import type { RankTokens } from "../ranks.js";
import { addSums, type BitsFigures, emptySums, figuresOf, meanOf, type ScoreSums } from "../scoreSums.js";
import { scoreWindow } from "../scoreWindow.js";
import { type TextWindow, windowsOf } from "../windows.js";

export interface BitsOptions {
  readonly model: Pick<Model, "score" | "zeroState">;
  readonly tokenizer: Tokenizer;
  readonly projects: readonly EvaluationProject[];
  readonly windowTokens: number;
  /** Windows of one project and language, at most; drawn by `seed`. */
  readonly windowsMax: number;
  /** Whole files of one project and language, at most; each cut to `WHOLE_TOKENS_MAX`. */
  readonly filesMax: number;
  readonly seed: number;
  readonly rank?: RankTokens | undefined;
  /** The same windows read by the same model with other weights. */
  readonly compared?: Pick<Model, "score" | "zeroState"> | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress;
}

/** One project's files of one language. */
export interface BitsRow {
  readonly project: string;
  readonly language: string;
  readonly files: number;
  readonly windows: BitsFigures;
  /** Positions from half of `windowTokens` on: 512 to 1,023 by default. Undefined: no window is that long. */
  readonly late: BitsFigures | undefined;
  readonly whole: BitsFigures;
  /** Bits per byte of `windows` with the compared weights. */
  readonly comparedBitsPerByte: number | undefined;
}

/** All projects' files of one language. */
interface LanguageBits {
  readonly language: string;
  readonly projects: number;
  /** Unweighted means over the projects; `late` over those that have such windows. */
  readonly windows: number;
  readonly late: number | undefined;
  readonly whole: number;
  readonly top1: number;
  readonly top5: number | undefined;
}

export interface Bits {
  readonly windowTokens: number;
  readonly rows: readonly BitsRow[];
  readonly languages: readonly LanguageBits[];
}

/** Whole files are read up to here: a few huge ones would otherwise take all the time. */
const WHOLE_TOKENS_MAX = 16_384;

/** Ranks cost a second reading: of one window in so many. */
const RANKED_EVERY = 4;

export async function measureBits(options: BitsOptions): Promise<Finished<Bits>> {
  const cells = options.projects.flatMap((project) => cellsOf(options, project));
  const total = cells.reduce((sum, { windows, whole }) => sum + windows.length + whole.length, 0);
  const report = startPhase({ phase: "bits per byte", total, onProgress: options.onProgress });
  let done = 0;
  const rows: BitsRow[] = [];
  for (const cell of cells) {
    const onScored = () => report(++done, `${cell.project}, ${cell.language}`);
    const row = await measureCell(options, cell, onScored);
    if (row.kind === "cancelled") return row;
    rows.push(row.row);
  }
  return { kind: "finished", windowTokens: options.windowTokens, rows, languages: byLanguage(rows) };
}

interface Cell {
  readonly project: string;
  readonly language: string;
  readonly files: number;
  readonly windows: readonly TextWindow[];
  readonly whole: readonly TextWindow[];
}

function cellsOf(options: BitsOptions, { name, files }: EvaluationProject): readonly Cell[] {
  const { tokenizer, windowTokens, windowsMax, filesMax, seed } = options;
  const languages = [...new Set(files.map(({ language }) => language))].sort();
  return languages.map((language) => {
    const own = files.filter((file) => file.language === language);
    const random = randomFor(seed, "bits", name, language);
    const windows = own.flatMap((file) => windowsOf({ tokenizer, file, windowTokens }));
    return {
      project: name,
      language,
      files: own.length,
      windows: draw(windows, windowsMax, random),
      whole: draw(own, filesMax, random).flatMap((file) =>
        windowsOf({ tokenizer, file, windowTokens: WHOLE_TOKENS_MAX }).slice(0, 1),
      ),
    };
  });
}

async function measureCell(
  options: BitsOptions,
  cell: Cell,
  onScored: () => void,
): Promise<{ readonly kind: "finished"; readonly row: BitsRow } | Cancelled> {
  const { model, compared, rank, windowTokens } = options;
  const lateFrom = windowTokens >> 1;
  const sums = { all: emptySums(), late: emptySums(), whole: emptySums(), compared: emptySums() };
  const score = (by: typeof model, window: TextWindow, ranker?: RankTokens) =>
    scoreWindow({ ...options, model: by, window, lateFrom, rank: ranker });
  for (const [index, window] of cell.windows.entries()) {
    const scored = await score(model, window, index % RANKED_EVERY === 0 ? rank : undefined);
    if (scored.kind === "cancelled") return scored;
    addSums(sums.all, scored.all);
    addSums(sums.late, scored.late);
    if (compared !== undefined) {
      const other = await score(compared, window);
      if (other.kind === "cancelled") return other;
      addSums(sums.compared, other.all);
    }
    onScored();
  }
  for (const window of cell.whole) {
    const scored = await score(model, window);
    if (scored.kind === "cancelled") return scored;
    addSums(sums.whole, scored.all);
    onScored();
  }
  const { project, language, files } = cell;
  const row = {
    project,
    language,
    files,
    windows: certain(sums.all),
    late: figuresOf(sums.late),
    whole: certain(sums.whole),
    comparedBitsPerByte: figuresOf(sums.compared)?.bitsPerByte,
  };
  return { kind: "finished", row };
}

/** Every cell has a file, and a cleaned file has text. */
function certain(sums: ScoreSums): BitsFigures {
  const figures = figuresOf(sums);
  if (figures === undefined) throw new Error("a project's language without text");
  return figures;
}

export function byLanguage(rows: readonly BitsRow[]): readonly LanguageBits[] {
  const languages = [...new Set(rows.map(({ language }) => language))].sort();
  return languages.map((language) => {
    const own = rows.filter((row) => row.language === language);
    const mean = (value: (row: BitsRow) => number | undefined) =>
      meanOf(own.flatMap((row) => value(row) ?? []));
    return {
      language,
      projects: own.length,
      windows: mean(({ windows }) => windows.bitsPerByte) ?? 0,
      late: mean(({ late }) => late?.bitsPerByte),
      whole: mean(({ whole }) => whole.bitsPerByte) ?? 0,
      top1: mean(({ windows }) => windows.top1) ?? 0,
      top5: mean(({ windows }) => windows.top5),
    };
  });
}
