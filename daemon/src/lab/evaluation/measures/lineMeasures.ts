/**
 * Lines and rests of lines, written greedily through the product's own prompts, without the filters that choose what a
 * person gets to see. The same places once as a continuation and once as a fill, which is shown the text below.
 */

import { type OnProgress, startPhase } from "../../../base/progress.js";
import { complete } from "../../../completion/complete.js";
import type { Finished, Model, Tokenizer } from "../../../engine/engine.js";
import { GREEDY } from "../../../engine/greedy.js";
import { completionPrompt, type PromptForm } from "../../../prompt/completionPrompt.js";
import { controlsOf } from "../../../prompt/controls.js";
import { runBatched } from "../batch.js";
import { randomFor } from "../draw.js";
import {
  type CodeFiles,
  type Cut,
  codeFilesOf,
  drawLines,
  type LinePlace,
  lineStart,
  placeWithin,
} from "../places.js";
import type { EvaluationProject } from "../projects.js";
import { type LineFigures, lineFigures, meanFigures, type WrittenLine } from "./lineFigures.js";

interface LineOptions {
  readonly model: Model;
  readonly tokenizer: Tokenizer;
  readonly projects: readonly EvaluationProject[];
  /** Places of one project and language, at most. */
  readonly placesMax: number;
  readonly seed: number;
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress;
}

/** `fill` is undefined for a vocabulary without the tokens for it. */
type FormFigures = Readonly<Record<"continue", LineFigures> & Record<"fill", LineFigures | undefined>>;

export interface LineRow extends FormFigures {
  readonly project: string;
  readonly language: string;
}

/** Unweighted mean over the projects of a language. */
export interface LineMean extends FormFigures {
  readonly language: string;
  readonly projects: number;
}

export interface LineMeasure {
  readonly rows: readonly LineRow[];
  readonly languages: readonly LineMean[];
}

/** A longer line is rare, and counted as wrong. */
const TOKENS_MAX = 64;

/** Whole lines after their indentation. */
export async function measureLines(options: LineOptions): Promise<Finished<LineMeasure>> {
  return measurePlaces(options, "next lines", (code) =>
    drawLines(
      code.files,
      options.placesMax,
      randomFor(options.seed, "lines", code.project, code.language),
    ).map(lineStart),
  );
}

export type FillMeasure = Readonly<Record<Cut, LineMeasure>>;

/** Rests of lines, cut before words and before any character. */
export async function measureFill(options: LineOptions): Promise<Finished<FillMeasure>> {
  const measureCut = (cut: Cut) =>
    measurePlaces(options, `rests of lines, ${cut} cuts`, (code) => {
      const random = randomFor(options.seed, "fill", cut, code.project, code.language);
      return drawLines(code.files, options.placesMax, random).flatMap(
        (line) => placeWithin(line, cut, random) ?? [],
      );
    });
  const word = await measureCut("word");
  if (word.kind === "cancelled") return word;
  const character = await measureCut("character");
  if (character.kind === "cancelled") return character;
  return { kind: "finished", word, character };
}

async function measurePlaces(
  options: LineOptions,
  phase: string,
  placesOf: (code: CodeFiles) => readonly LinePlace[],
): Promise<Finished<LineMeasure>> {
  const asked = codeFilesOf(options.projects).map((code) => ({ code, places: placesOf(code) }));
  const forms: readonly PromptForm[] =
    controlsOf(options.tokenizer) === undefined ? ["continue"] : ["continue", "fill"];
  const total = forms.length * asked.reduce((sum, { places }) => sum + places.length, 0);
  const report = startPhase({ phase, total, onProgress: options.onProgress });
  let before = 0;
  const rows: LineRow[] = [];
  for (const { code, places } of asked.filter((each) => each.places.length > 0)) {
    const figures = new Map<PromptForm, LineFigures>();
    for (const form of forms) {
      const written = await runBatched({
        items: places,
        work: (place) => writeLine(options, place, form),
        onDone: (done) => report(before + done, `${code.project}, ${form}`),
      });
      if (!("length" in written)) return written;
      before += places.length;
      figures.set(form, lineFigures(written));
    }
    const { project, language } = code;
    rows.push({
      project,
      language,
      continue: figures.get("continue") ?? lineFigures([]),
      fill: figures.get("fill"),
    });
  }
  return { kind: "finished", rows, languages: meansOf(rows) };
}

async function writeLine(
  options: LineOptions,
  { path, prefix, suffix, expected }: LinePlace,
  form: PromptForm,
): Promise<Finished<WrittenLine>> {
  const { model, tokenizer, signal } = options;
  const completion = await complete({
    model,
    tokenizer,
    adapterScope: "boundary",
    prompt: completionPrompt({ tokenizer, path, prefix, suffix, form }),
    sampling: GREEDY,
    tokensMax: TOKENS_MAX,
    stop: "\n",
    signal,
  });
  if (completion.kind === "cancelled") return completion;
  return { kind: "finished", expected, written: completion.text };
}

export function meansOf(rows: readonly LineRow[]): readonly LineMean[] {
  return [...new Set(rows.map(({ language }) => language))].sort().map((language) => {
    const own = rows.filter((row) => row.language === language);
    const fills = own.flatMap(({ fill }) => fill ?? []);
    return {
      language,
      projects: own.length,
      continue: meanFigures(own.map((row) => row.continue)),
      fill: fills.length === 0 ? undefined : meanFigures(fills),
    };
  });
}
