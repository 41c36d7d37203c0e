/** Places within lines, and how what was written there compares; by hand. */

import { expect, test } from "vitest";
import { randomFor } from "../draw.js";
import { codeFilesOf, drawLines, lineStart, placeWithin } from "../places.js";
import type { EvaluationFile } from "../projects.js";
import { editSimilarity, lineFigures, meanFigures } from "./lineFigures.js";
import { meansOf } from "./lineMeasures.js";

function file(text: string, path = "a.ts"): EvaluationFile {
  return { project: "p", path, language: path.endsWith(".md") ? "markdown" : "typescript", text };
}

const TEXT = "0\n1\n2\n3\n4\n  }\n\n  const sum = a + b;\nx\n  return sum;\n";

test("lines are drawn from those with a word, five lines down", () => {
  const lines = drawLines([file(TEXT)], 10, randomFor(1));
  expect(lines.map(({ number }) => number)).toEqual([7, 9]);
  expect(drawLines([file(TEXT)], 1, randomFor(1))).toHaveLength(1);
});

test("a line begins after its indentation", () => {
  expect(lineStart({ file: file(TEXT), number: 7 })).toEqual({
    path: "a.ts",
    prefix: "0\n1\n2\n3\n4\n  }\n\n  ",
    suffix: "\nx\n  return sum;\n",
    expected: "const sum = a + b;",
  });
});

test("a cut lies within the line, before a word or before any character, with three characters to come", () => {
  const line = { file: file(TEXT), number: 7 };
  const rests = (cut: "word" | "character") =>
    new Set(Array.from({ length: 200 }, (_, seed) => placeWithin(line, cut, randomFor(seed, cut))?.expected));
  expect(rests("word")).toEqual(new Set(["sum = a + b;", "a + b;"]));
  const characters = rests("character");
  expect(characters.has("onst sum = a + b;")).toBe(true);
  expect(characters.has("const sum = a + b;")).toBe(false);
  expect(characters.has("+ b;")).toBe(true);
  expect(characters.has(" b;")).toBe(false);
  for (const rest of characters) expect("const sum = a + b;".endsWith(rest ?? "?")).toBe(true);
});

test("a line without such a place has none", () => {
  expect(placeWithin({ file: file("abc\n"), number: 0 }, "word", randomFor(1))).toBeUndefined();
});

test("prefix, what is expected and suffix are the file", () => {
  const place = placeWithin({ file: file(TEXT), number: 9 }, "character", randomFor(4));
  expect(`${place?.prefix}${place?.expected}${place?.suffix}`).toBe(TEXT);
});

test("only languages of code are written", () => {
  const files = [file("a", "a.ts"), file("b", "b.md")];
  expect(codeFilesOf([{ name: "p", files, skipped: {} }])).toEqual([
    { project: "p", language: "typescript", files: [files[0]] },
  ]);
});

test.each([
  ["abc", "abc", 1],
  ["abc", " abc\t", 1],
  ["abcd", "abed", 0.75],
  ["kitten", "sitting", 1 - 3 / 7],
  ["abc", "", 0],
  ["", "", 1],
])("edit similarity of %j and %j is %d", (expected, written, similarity) => {
  expect(editSimilarity({ expected, written })).toBeCloseTo(similarity, 10);
});

test("figures of some lines", () => {
  const lines = [
    { expected: "return a;", written: " return a; " },
    { expected: "abcd", written: "abed" },
    { expected: "abcd", written: "abcx" },
    { expected: "xyz", written: "" },
  ];
  expect(lineFigures(lines)).toEqual({
    places: 4,
    exact: 0.25,
    editSimilarity: (1 + 0.75 + 0.75) / 4,
    firstThree: 0.25,
  });
});

test("means are of projects, not of places", () => {
  const figures = (places: number, exact: number) => ({
    places,
    exact,
    editSimilarity: exact,
    firstThree: exact,
  });
  expect(meanFigures([figures(10, 1), figures(90, 0)])).toEqual(figures(100, 0.5));
  const row = (project: string, language: string, exact: number) => ({
    project,
    language,
    continue: figures(10, exact),
    fill: undefined,
  });
  const rows = [row("a", "rust", 0), row("b", "typescript", 0.25), row("c", "typescript", 0.5)];
  expect(meansOf(rows)).toEqual([
    { language: "rust", projects: 1, continue: figures(10, 0), fill: undefined },
    { language: "typescript", projects: 2, continue: figures(20, 0.375), fill: undefined },
  ]);
});
