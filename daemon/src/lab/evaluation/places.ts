/** Places in real code where something is to be written, with what stands there. Pure. */

import type { Random } from "../../base/random.js";
import type { Language } from "../corpus/language.js";
import { draw } from "./draw.js";
import type { EvaluationFile, EvaluationProject } from "./projects.js";

export interface LinePlace {
  readonly path: string;
  readonly prefix: string;
  /** From the end of the line on: its rest is cut out. */
  readonly suffix: string;
  /** The text that stands between them, without blanks at its end. */
  readonly expected: string;
}

/** One line of a file, by its number from 0. */
interface Line {
  readonly file: EvaluationFile;
  readonly number: number;
}

/** Lines before it, so that there is something to go by. */
const LINES_ABOVE_MIN = 5;
/** A figure of every place is how often the first three characters are right. */
const EXPECTED_MIN = 3;
const CODE: ReadonlySet<Language> = new Set(["typescript", "javascript", "python", "rust", "cpp"]);

/** The files of one project in one language of code. */
export interface CodeFiles {
  readonly project: string;
  readonly language: Language;
  readonly files: readonly EvaluationFile[];
}

export function codeFilesOf(projects: readonly EvaluationProject[]): readonly CodeFiles[] {
  return projects.flatMap(({ name, files }) => {
    const languages = [...new Set(files.map(({ language }) => language))]
      .filter((each) => CODE.has(each))
      .sort();
    return languages.map((language) => ({
      project: name,
      language,
      files: files.filter((file) => file.language === language),
    }));
  });
}

/** `count` lines at most, drawn from all that can be asked for: not blank, with a word in them, some lines down. */
export function drawLines(files: readonly EvaluationFile[], count: number, random: Random): readonly Line[] {
  const lines = files.flatMap((file) =>
    file.text
      .split("\n")
      .flatMap((line, number) => (number >= LINES_ABOVE_MIN && hasWord(line) ? [{ file, number }] : [])),
  );
  return draw(lines, count, random);
}

function hasWord(line: string): boolean {
  return line.trim().length >= EXPECTED_MIN && (line.match(/\w/g)?.length ?? 0) >= 2;
}

/** The place where an editor puts the cursor on a new line: after the indentation. */
export function lineStart(line: Line): LinePlace {
  return placeAt(line, /^\s*/.exec(textOf(line))?.[0].length ?? 0);
}

export type Cut = "word" | "character";

/**
 * Somewhere within the line: before a word that has something before it, or before any character; undefined where no
 * such place leaves three characters to write.
 */
export function placeWithin(line: Line, cut: Cut, random: Random): LinePlace | undefined {
  const text = textOf(line).trimEnd();
  const indentation = text.length - text.trimStart().length;
  const columns = Array.from({ length: text.length }, (_, column) => column).filter(
    (column) =>
      column > indentation &&
      text.slice(column).trim().length >= EXPECTED_MIN &&
      (cut === "character" || isWordStart(text, column)),
  );
  const column = columns[random.below(columns.length)];
  return column === undefined ? undefined : placeAt(line, column);
}

function isWordStart(text: string, column: number): boolean {
  return /\w/.test(text.charAt(column)) && !/\w/.test(text.charAt(column - 1));
}

function textOf({ file, number }: Line): string {
  return file.text.split("\n")[number] ?? "";
}

function placeAt({ file, number }: Line, column: number): LinePlace {
  const lines = file.text.split("\n");
  const line = lines[number] ?? "";
  return {
    path: file.path,
    prefix: [...lines.slice(0, number), line.slice(0, column)].join("\n"),
    suffix: ["", ...lines.slice(number + 1)].join("\n"),
    expected: line.slice(column).trimEnd(),
  };
}
