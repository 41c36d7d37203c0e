/** Runs of 13 words that two sets of texts share, by hand. */

import fc from "fast-check";
import { expect, test } from "vitest";
import type { Language } from "../../corpus/language.js";
import { type CorpusText, checkLeak, withoutLicenceHeader } from "./leak.js";
import { createNgramTable, eachNgram, NGRAM_WORDS } from "./ngrams.js";

const words = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => `word${from + index}`).join(" ");

function ngramsOf(text: string): readonly number[] {
  const ngrams: number[] = [];
  eachNgram(text, (ngram) => ngrams.push(ngram));
  return ngrams;
}

test("a text of n words has n - 12 runs of 13", () => {
  expect([0, 12, 13, 20].map((count) => ngramsOf(words(0, count)).length)).toEqual([0, 0, 1, 8]);
});

test("signs and white space only separate words", () => {
  const plain = Array.from({ length: 13 }, (_, index) => `w${index}`);
  expect(ngramsOf(plain.join("\n\t("))).toEqual(ngramsOf(plain.join(" ")));
  expect(ngramsOf(plain.join("_"))).toEqual([]);
});

test("a run's number is that of its words alone, wherever it stands", () => {
  const text = fc.array(fc.constantFrom("a", "b", "if", "name_1", "größe"), { minLength: 13, maxLength: 60 });
  fc.assert(
    fc.property(text, (list) => {
      const expected = list
        .slice(NGRAM_WORDS - 1)
        .map((_, at) => ngramsOf(list.slice(at, at + NGRAM_WORDS).join(" "))[0]);
      expect(ngramsOf(list.join("; "))).toEqual(expected);
    }),
  );
});

test("different runs have different numbers", () => {
  const ngrams = ngramsOf(words(0, 20_000));
  expect(new Set(ngrams).size).toBe(ngrams.length);
  expect(ngrams.every((ngram) => Number.isSafeInteger(ngram) && ngram >= 0)).toBe(true);
  // The same words in another order.
  const order = Array.from({ length: 13 }, (_, index) => `w${index}`);
  expect(ngramsOf(order.join(" "))).not.toEqual(ngramsOf([...order].reverse().join(" ")));
});

test("a table knows what was added and noted, and by whom first", () => {
  const table = createNgramTable(1000);
  const ngrams = ngramsOf(words(0, 1012));
  for (const ngram of ngrams) table.add(ngram);
  for (const [index, ngram] of ngrams.entries()) {
    if (index % 2 === 0) table.note(ngram, index);
    table.note(ngram + 1, 0);
  }
  table.note(ngrams[0] ?? 0, 999);
  expect(ngrams.map(table.documentOf)).toEqual(
    ngrams.map((_, index) => (index % 2 === 0 ? index : undefined)),
  );
});

test.each([
  ["// Copyright 2024 Somebody\n// MIT licence\n\ncode();", "\ncode();"],
  ["/*!\n * Licensed under MIT\n */\ncode(); // license", "\ncode(); // license"],
  ["# SPDX-License-Identifier: MIT\nimport os\n", "import os\n"],
  ["// what this file does\ncode();", "// what this file does\ncode();"],
  ["code();\n// Copyright", "code();\n// Copyright"],
])("licence header of %j", (text, rest) => expect(withoutLicenceHeader(text)).toBe(rest));

const file = (project: string, path: string, text: string) => {
  const language: Language = "typescript";
  return { project, path, language, text };
};

async function* corpusOf(texts: readonly CorpusText[]): AsyncGenerator<CorpusText> {
  yield* texts;
}

test("shares by project, and the files with most in common", async () => {
  const leak = await checkLeak({
    projects: [
      {
        name: "p",
        files: [file("p", "copied.ts", words(0, 52)), file("p", "own.ts", words(1000, 32))],
        skipped: {},
      },
      { name: "q", files: [file("q", "half.ts", `${words(100, 33)} ${words(2000, 20)}`)], skipped: {} },
    ],
    corpus: corpusOf([
      { package: "other", path: "x.ts", text: words(5000, 100) },
      { package: "lib", path: "src/a.ts", text: `head ${words(0, 52)} tail` },
      { package: "lib", path: "src/b.ts", text: words(100, 33) },
    ]),
    documents: 3,
    signal: new AbortController().signal,
    onProgress: () => {},
  });
  expect(leak).toEqual({
    kind: "finished",
    documents: 3,
    projects: [
      { project: "p", ngrams: 60, share: 40 / 60 },
      { project: "q", ngrams: 41, share: 21 / 41 },
    ],
    files: [
      { project: "p", path: "copied.ts", ngrams: 40, share: 1, with: "lib/src/a.ts" },
      { project: "q", path: "half.ts", ngrams: 41, share: 21 / 41, with: "lib/src/b.ts" },
    ],
  });
});

test("a stop ends it", async () => {
  const stopped = checkLeak({
    projects: [],
    corpus: corpusOf([{ package: "a", path: "b", text: "c" }]),
    documents: 1,
    signal: AbortSignal.abort(),
    onProgress: () => {},
  });
  expect(await stopped).toEqual({ kind: "cancelled" });
});
