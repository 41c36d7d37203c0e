/** `ouro eval model` from the shell, on a tiny model and this project's own code: tables, JSON, a stop. */

import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { runCli, scratchFolder } from "./support/cli.js";
import { writeTinyModel } from "./support/tinyModel.js";

const scratch = scratchFolder();
const data = join(scratch.path, "projects");
const corpus = join(scratch.path, "corpus");
let model: string;

/** Sixty different words; digits would make the file a table of numbers, which is left out. */
const COPIED = Array.from(
  { length: 60 },
  (_, index) => `word${String.fromCharCode(97 + (index % 26), 97 + Math.floor(index / 26))}`,
).join(" ");

beforeAll(async () => {
  model = await writeTinyModel(join(scratch.path, "model"));
  const sources = fileURLToPath(new URL("../../daemon/src", import.meta.url));
  cpSync(join(sources, "prompt"), join(data, "hono"), { recursive: true });
  cpSync(join(sources, "states"), join(data, "other"), { recursive: true });
  writeFileSync(
    join(data, "other", "copied.ts"),
    `// ${COPIED.replaceAll(" ", "\n// ")}\nexport const answer = 42;\n`,
  );
  mkdirSync(corpus);
  const document = { package: "lib", path: "a.md", language: "markdown", split: "train", text: COPIED };
  writeFileSync(join(corpus, "documents.jsonl"), `${JSON.stringify(document)}\n`);
  const manifest = {
    recipe: "test",
    recipeHash: "",
    documentsHash: "",
    documents: 1,
    bytes: COPIED.length,
    bytesByLanguage: {},
    bytesBySplit: {},
    packages: [],
  };
  writeFileSync(join(corpus, "manifest.json"), JSON.stringify(manifest));
});
afterAll(scratch.remove);

const run = (...args: readonly string[]) =>
  runCli({ args: ["eval", "model", model, "--data", data, "--quick", ...args], home: scratch.path });

const figures = z.object({ places: z.int().positive(), exact: z.number(), editSimilarity: z.number() });
const measure = z.object({
  rows: z.array(z.object({ project: z.string(), continue: figures, fill: figures })),
});
const report = z.object({
  isComplete: z.literal(true),
  data: z.object({
    projects: z.array(z.object({ name: z.string(), skipped: z.record(z.string(), z.int()) })),
  }),
  headline: z.object({ honoLateBits: z.number(), inductionRecall: z.number() }),
  bits: z.object({
    rows: z.array(
      z.object({
        windows: z.object({ bitsPerByte: z.number(), top1: z.number(), top5: z.number() }),
        comparedBitsPerByte: z.number(),
      }),
    ),
  }),
  lines: measure,
  fill: z.object({ word: measure, character: measure }),
  induction: z.object({ rows: z.array(z.object({ recall: z.number() })).length(12) }),
  samples: z.object({ written: z.object({ samples: z.int() }), real: z.object({ balanced: z.number() }) }),
  latency: z.object({ firstTokenMs: z.object({ p50: z.number().positive() }) }),
  leak: z.object({
    documents: z.literal(1),
    files: z.array(z.object({ path: z.string(), with: z.string() })),
  }),
  definitions: z.record(z.string(), z.string()),
});

test("--json has every measure, the figures to judge by, and what they mean", async () => {
  const { code, stdout } = await run(
    "--json",
    "--places",
    "2",
    "--windows",
    "2",
    "--compare",
    "f32",
    "--corpus",
    corpus,
  );
  expect(code).toBe(0);
  const { data: measured, bits, lines, samples, leak } = report.parse(JSON.parse(stdout));
  expect(measured.projects.map(({ name }) => name)).toEqual(["hono", "other"]);
  expect(measured.projects[0]?.skipped.test).toBeGreaterThan(0);
  expect(lines.rows.map(({ project }) => project)).toEqual(["hono", "other"]);
  expect(samples.real.balanced).toBe(1);
  expect(leak.files).toMatchObject([{ path: "copied.ts", with: "lib/a.md" }]);
  for (const { windows, comparedBitsPerByte } of bits.rows) {
    // A model that knows nothing: about log2(4096) bits per token of some 2.6 bytes.
    expect(windows.bitsPerByte).toBeGreaterThan(3);
    expect(windows.top5).toBeGreaterThanOrEqual(windows.top1);
    expect(Math.abs(windows.bitsPerByte - comparedBitsPerByte)).toBeLessThan(0.01);
  }
}, 180_000);

test("the same seed gives the same report, whatever else is measured", async () => {
  const lines = z.object({ lines: z.unknown() });
  const alone = await run("--json", "--only", "lines", "--places", "2");
  const beside = await run("--json", "--only", "lines,bits", "--places", "2", "--windows", "1");
  expect(lines.parse(JSON.parse(alone.stdout))).toEqual(lines.parse(JSON.parse(beside.stdout)));
}, 180_000);

test("tables fit 100 columns; without a corpus it says what was not looked for", async () => {
  const { code, stdout, stderr } = await run("--places", "2", "--windows", "2");
  expect(code).toBe(0);
  expect(
    Math.max(
      ...stdout
        .split("\n")
        .slice(1)
        .map((line) => line.length),
    ),
  ).toBeLessThanOrEqual(100);
  expect(stdout).toMatch(/^TypeScript, cold\nhono, bits per byte at context 512–1024/m);
  expect(stderr).toMatch(/leaks were not looked for/);
}, 180_000);

test("Ctrl-C keeps the measures that are finished", async () => {
  const { code, stdout } = await runCli({
    args: ["eval", "model", model, "--data", data, "--only", "leak,induction,samples", "--corpus", corpus],
    home: scratch.path,
    interruptWhen: /induction /,
  });
  expect(code).toBe(130);
  expect(stdout).not.toMatch(/sampled/);
}, 180_000);

test.each([
  [["--only", "bits,speed"], 2, /some of bits/],
  [["--corpus", "nowhere"], 1, /ouro corpus build/],
])("%j is refused", async (args, expected, sentence) => {
  const { code, stderr } = await run(...args);
  expect(code).toBe(expected);
  expect(stderr).toMatch(sentence);
});
