/** Windows, scores of a model whose answers are known, ranks by logits, and what follows from the sums. */

import { afterAll, describe, expect, test } from "vitest";
import { createFakeModel } from "../../../../test/fakeEngine.js";
import { testTokenizer } from "../../../../test/testTokenizer.js";
import { createEngine, loadTokenizer, type Model, type State } from "../../../engine/engine.js";
import { embeddedModelPath, findVocabulary } from "../../../models/modelFiles.js";
import { headlineOf } from "../headline.js";
import { createRanker, rankIn } from "../ranks.js";
import { addSums, emptySums, figuresOf, windowSums } from "../scoreSums.js";
import { scoreWindow } from "../scoreWindow.js";
import { cutEvery, windowsOf } from "../windows.js";
import { type BitsOptions, type BitsRow, byLanguage, measureBits } from "./bits.js";

const signal = new AbortController().signal;
const tokenizer = testTokenizer([]);
const state: State = createFakeModel({ vocabularySize: 2, seed: 1 }).zeroState();

/** Gives every token the probability 2^-bits(token) and finds `best` the most probable one everywhere. */
function knownModel(bits: (token: number) => number, best: number): Pick<Model, "score" | "zeroState"> {
  return {
    zeroState: () => state,
    score: async ({ tokens }) => ({
      kind: "finished",
      logProbabilities: Float32Array.from(tokens.subarray(1), (token) => -bits(token) * Math.LN2),
      best: new Uint32Array(tokens.length - 1).fill(best),
      margins: new Float32Array(tokens.length - 1),
    }),
  };
}

/** The engine's scores are float32. */
const rounded = (value: number | undefined) => (value === undefined ? undefined : Number(value.toFixed(6)));

/** The test tokenizer's token of one character. */
const tokenOf = (character: string) => tokenizer.encode(character)[0] ?? -1;

describe("windows", () => {
  test.each([
    [5, 2, [2, 2, 1]],
    [4, 2, [2, 2]],
    [3, 8, [3]],
    [0, 8, []],
  ])("%i tokens cut every %i", (length, every, expected) => {
    const tokens = Uint32Array.from({ length }, (_, index) => index + 1);
    const windows = cutEvery(tokens, every);
    expect(windows.map((window) => window.length)).toEqual(expected);
    expect(windows.flatMap((window) => [...window])).toEqual([...tokens]);
  });

  test("each begins with the end of a document, and with the header where the vocabulary has one", () => {
    const file = { path: "src/a.ts", text: "let a = 1;\n" };
    const [plain] = windowsOf({ tokenizer, file, windowTokens: 64 });
    expect([...(plain?.header ?? [])]).toEqual([0]);
    const embedded = loadTokenizer(findVocabulary({ checkpoint: embeddedModelPath(), named: undefined }));
    const [headed] = windowsOf({ tokenizer: embedded, file, windowTokens: 64 });
    expect(headed?.header[0]).toBe(0);
    expect(embedded.decode(headed?.header ?? new Uint32Array())).toBe("<|file|>src/a.ts\n");
    expect(embedded.decode(headed?.tokens ?? new Uint32Array())).toBe(file.text);
  });
});

describe("a window's score", () => {
  // "aab": bits 1, 1, 3; the header is not counted; "a" is the best token everywhere.
  const model = knownModel((token) => (token === tokenOf("a") ? 1 : 3), tokenOf("a"));
  const window = { header: Uint32Array.of(0, tokenOf("z")), tokens: tokenizer.encode("aab") };

  test("counts every token of the text and none of the header", async () => {
    const scored = await scoreWindow({ model, tokenizer, window, lateFrom: 2, signal });
    if (scored.kind === "cancelled") throw new Error("nobody cancels here");
    expect(scored.all).toMatchObject({ windows: 1, tokens: 3, bytes: 3, first: 2, ranked: 0 });
    expect(scored.all.bits).toBeCloseTo(5, 5);
    expect(scored.late).toMatchObject({ windows: 1, tokens: 1, bytes: 1, first: 0 });
    expect(scored.late.bits).toBeCloseTo(3, 5);
  });

  test("has no late part where the window ends before it", async () => {
    const scored = await scoreWindow({ model, tokenizer, window, lateFrom: 3, signal });
    expect(scored).toMatchObject({ late: emptySums() });
  });

  test("counts tokens among the first five by their ranks", async () => {
    // Of the token after the first, second, third, fourth.
    const rank = () => Uint32Array.of(9, 0, 4, 5);
    const scored = await scoreWindow({ model, tokenizer, window, lateFrom: 3, rank, signal });
    expect(scored).toMatchObject({ all: { amongFive: 2, ranked: 3 } });
  });
});

describe("sums", () => {
  test("the sums of two windows: bits over bytes, with the ratio's standard error", () => {
    const sums = emptySums();
    const window = { tokens: 2, first: 1, amongFive: 0, ranked: 0 };
    addSums(sums, windowSums({ ...window, bits: 10, bytes: 10 }));
    addSums(sums, windowSums({ ...window, bits: 30, bytes: 10 }));
    // r = 40 / 20 = 2; deviations -10 and +10; √200 / 20.
    expect(figuresOf(sums)).toMatchObject({ bitsPerByte: 2, top1: 0.5, top5: undefined, windows: 2 });
    expect(figuresOf(sums)?.standardError).toBeCloseTo(Math.sqrt(200) / 20, 10);
    expect(figuresOf(emptySums())).toBeUndefined();
  });

  test("the rank of a token is the number of higher logits", () => {
    const row = Float32Array.of(0.5, 2, -1, 2, 3);
    expect([0, 1, 2, 4].map((target) => rankIn(row, target))).toEqual([3, 1, 4, 0]);
  });
});

describe("projects", () => {
  const file = (project: string, path: string, text: string) =>
    ({ project, path, language: path.endsWith(".py") ? "python" : "typescript", text }) as const;
  const options: BitsOptions = {
    model: knownModel((token) => (token === tokenOf("a") ? 1 : 3), tokenOf("a")),
    tokenizer,
    projects: [
      { name: "hono", files: [file("hono", "a.ts", "aaaa"), file("hono", "b.py", "aabb")], skipped: {} },
      { name: "other", files: [file("other", "c.ts", "aaab"), file("other", "d.ts", "bbbb")], skipped: {} },
    ],
    windowTokens: 2,
    windowsMax: 100,
    filesMax: 100,
    seed: 1,
    signal,
    onProgress: () => {},
  };
  const measured = async (changes: Partial<BitsOptions> = {}) => {
    const bits = await measureBits({ ...options, ...changes });
    if (bits.kind === "cancelled") throw new Error("nobody cancels here");
    return bits;
  };

  test("have one row per language", async () => {
    const { rows, languages } = await measured();
    const shown = rows.map((row) => [row.project, row.language, row.files, rounded(row.windows.bitsPerByte)]);
    expect(shown).toEqual([
      ["hono", "python", 1, 2],
      ["hono", "typescript", 1, 1],
      ["other", "typescript", 2, (3 + 5 * 3) / 8],
    ]);
    // The second token of each window of two: a, b; a, a; a, b, b, b.
    expect(rows.map(({ late }) => rounded(late?.bitsPerByte))).toEqual([2, 1, 2.5]);
    const typescript = languages.find(({ language }) => language === "typescript");
    expect(typescript?.projects).toBe(2);
    expect([rounded(typescript?.windows), rounded(typescript?.late)]).toEqual([(1 + 2.25) / 2, 1.75]);
  });

  test("are told apart in the headline", async () => {
    const compared = knownModel(() => 1, tokenOf("a"));
    const headline = headlineOf({ bits: await measured({ compared }) });
    expect([rounded(headline.honoLateBits), rounded(headline.othersLateBits)]).toEqual([1, 2.5]);
    expect(headline.othersProjects).toBe(1);
    expect(headline.comparedDifference).toBeCloseTo((1 + 0 + 1.25) / 3, 5);
  });

  test("give the same draw for the same seed", async () => {
    const drawn = (seed: number) => measured({ windowsMax: 1, filesMax: 1, seed });
    expect(await drawn(3)).toEqual(await drawn(3));
    const rows = await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map(async (seed) => (await drawn(seed)).rows));
    expect(new Set(rows.map((each) => JSON.stringify(each))).size).toBeGreaterThan(1);
  });

  test("stop when they are asked to", async () => {
    const cancelled: BitsOptions["model"] = { ...options.model, score: async () => ({ kind: "cancelled" }) };
    expect(await measureBits({ ...options, model: cancelled })).toEqual({ kind: "cancelled" });
  });

  test("without late windows have no mean of them", async () => {
    const rows: readonly BitsRow[] = (await measured({ windowTokens: 64 })).rows;
    expect(byLanguage(rows).map(({ late }) => late)).toEqual([undefined, undefined]);
  });
});

describe("the embedded model", () => {
  const engine = createEngine({ threads: 1 });
  afterAll(() => engine.close());
  const path = embeddedModelPath();

  test("has rank 0 where it finds the token most probable, in every type of weights, over many calls", async () => {
    const vocabulary = loadTokenizer(findVocabulary({ checkpoint: path, named: undefined }));
    const tokens = vocabulary.encode(
      "export function add(a: number, b: number): number {\n  return a + b;\n}\n",
    );
    for (const weights of ["bf16", "q8"] as const) {
      const model = await engine.loadModel({ path, weights });
      const score = await model.score({ state: model.zeroState(), tokens });
      if (score.kind === "cancelled") throw new Error("nobody cancels here");
      const ranks = createRanker({ path, weights, threads: 1, rowsMax: 7 })(tokens);
      const isBest = Array.from(score.best, (best, at) => best === tokens[at + 1]);
      expect(Array.from(ranks, (rank) => rank === 0)).toEqual(isBest);
      expect(isBest).toContain(true);
      expect(isBest).toContain(false);
    }
  });
});
