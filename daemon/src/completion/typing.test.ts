/** What a keystroke costs: real code typed into documents of any length, with the shipped vocabulary. */

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { createFakeModel } from "../../test/fakeEngine.js";
import { loadTokenizer } from "../engine/engine.js";
import { embeddedModelPath } from "../models/modelFiles.js";
import { completionPrompt } from "../prompt/completionPrompt.js";
import { Session } from "../states/session.js";
import { promptMarks } from "./promptMarks.js";

const tokenizer = loadTokenizer(join(dirname(embeddedModelPath()), "vocab.txt"));
const model = createFakeModel({ vocabularySize: tokenizer.size, seed: 1 });
const CODE = join(import.meta.dirname, "..", "..", "..", "tests", "fixtures", "code");
const lines = readdirSync(CODE)
  .sort()
  .flatMap((name) => readFileSync(join(CODE, name), "utf8").split("\n"));
/** A line end comes with the indentation that the editor adds. */
const keystrokes =
  lines
    .slice(40, 60)
    .join("\n")
    .match(/\n[ \t]*|[\s\S]/gu) ?? [];

function documentOf(lineCount: number): readonly string[] {
  return Array.from({ length: lineCount }, (_, at) => lines[at % lines.length] ?? "");
}

function open() {
  const session = new Session({ model, statesMax: 16 });
  /** How many tokens a request at this place reads. */
  return async (prefix: string, suffix: string) => {
    const prompt = completionPrompt({ tokenizer, path: "src/a.ts", prefix, suffix });
    const { tokens, boundary } = prompt;
    const signal = new AbortController().signal;
    const marks = promptMarks(prompt);
    const read = await session.stateBefore({ tokens, boundary, marks, signal, priority: "interactive" });
    if (read.kind === "cancelled") throw new Error("nobody cancels here");
    return read.tokensRead;
  };
}

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

describe.each([100, 5_000, 50_000])("typing in a document of %d lines", (lineCount) => {
  test.each([
    // In the middle, the hint of the next line is read again after every change of the prefix: 14 tokens at most.
    ["at the end", lineCount, { mean: 6, median: 3 }],
    ["in the middle", lineCount >> 1, { mean: 20, median: 18 }],
  ])("%s reads few tokens, and a jump back none", async (_name, row, most) => {
    const document = documentOf(lineCount);
    const [above, below] = [document.slice(0, row), document.slice(row)];
    const suffix = below.length > 0 ? `\n${below.join("\n")}` : "";
    let prefix = above.join("\n");
    const request = open();
    await request(prefix, suffix);
    const counts: number[] = [];
    for (const keystroke of keystrokes) {
      prefix += keystroke;
      counts.push(await request(prefix, suffix));
    }
    expect(mean(counts)).toBeLessThan(most.mean);
    expect(median(counts)).toBeLessThan(most.median);

    const elsewhere = document.slice(0, 30).join("\n");
    expect(await request(elsewhere, document.slice(30).join("\n"))).toBeGreaterThan(100);
    expect(await request(prefix, suffix)).toBe(0);
  });
});
