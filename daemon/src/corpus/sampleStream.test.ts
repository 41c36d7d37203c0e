import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { controlsOf } from "../prompt/controls.js";
import { CONTROL_LITERALS } from "../prompt/controlTokens.js";
import { testTokenizer } from "../prompt/testTokenizer.js";
import { ANCHOR_COUNT, ANCHOR_TOKENS, writeAnchors } from "./anchors.js";
import { buildCorpus } from "./buildCorpus.js";
import { readDocuments } from "./documents.js";
import { parseRecipe } from "./recipe.js";
import { openSampleStream, type SampleMix, validationWindows } from "./sampleStream.js";
import { tarballName } from "./tarballCache.js";
import { makePackage, sampleCode } from "./testTarball.js";
import { readTokenised, tokeniseCorpus } from "./tokenisedCorpus.js";

const CONTEXT_TOKENS = 160;
const tokenizer = testTokenizer([
  ...CONTROL_LITERALS,
  "\n  ",
  "const",
  "export",
  " function",
  "return",
  "bounded",
]);
const controls = controlsOf(tokenizer);
const PLAIN: SampleMix = { fill: 0, edit: 0, chat: 0, renamed: 0, headers: 0 };

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ouro-stream-"));
  const files = Object.fromEntries(
    [...Array(24).keys()].map((seed) => [`src/f${seed}.ts`, sampleCode(seed, 6)]),
  );
  const { tarball, ...source } = makePackage("first", files);
  await writeFile(join(folder, tarballName(source)), tarball);
  const recipe = {
    name: "test",
    description: "",
    exclude: ["*.json"],
    excludedPackages: [],
    validEvery: 4,
    packages: [source],
  };
  await buildCorpus({ recipe: parseRecipe(recipe), folder, cache: folder });
  await tokeniseCorpus({ folder, tokenizer });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function open(mix: Partial<SampleMix>, seed = 1) {
  const options = { folder, tokenizer, contextTokens: CONTEXT_TOKENS, sequencesPerStep: 4, seed };
  return openSampleStream({ ...options, mix: { ...PLAIN, ...mix } });
}

async function sequences(mix: Partial<SampleMix>): Promise<Uint32Array[]> {
  const stream = await open(mix);
  return [...Array(stream.stepsPerEpoch).keys()].flatMap((step) => stream.batch(step).tokens);
}

describe("tokeniseCorpus", () => {
  it("holds every document with its header, in order, and ends each", async () => {
    const split = await readTokenised({ folder, split: "train", tokenizer });
    const texts: string[] = [];
    for await (const { path, text, split: of } of readDocuments(folder)) {
      if (of === "train") texts.push(`<|file|>${path}\n${text}`);
    }
    expect(texts.length).toBeGreaterThan(10);
    expect(
      split.documents.map(({ start, end }) =>
        tokenizer.decode(Uint32Array.from(split.tokens.slice(start, end - 1))),
      ),
    ).toEqual(texts);
    expect(split.documents.every(({ end }) => split.tokens[end - 1] === 0)).toBe(true);
  });

  it("refuses tokens of another vocabulary", async () => {
    const other = testTokenizer([...CONTROL_LITERALS, "x y"]);
    await expect(readTokenised({ folder, split: "train", tokenizer: other })).rejects.toThrow(
      "another vocabulary",
    );
  });
});

describe("openSampleStream", () => {
  const ALL: SampleMix = { fill: 0.3, edit: 0.2, chat: 0.2, renamed: 0.1, headers: 0.5 };

  it("gives full sequences of known tokens, epoch after epoch", async () => {
    const stream = await open(ALL);
    for (let step = 0; step < 2 * stream.stepsPerEpoch; step++) {
      for (const tokens of stream.batch(step).tokens) {
        expect(tokens.length).toBe(CONTEXT_TOKENS + 1);
        expect(Math.max(...tokens)).toBeLessThan(tokenizer.size);
      }
    }
  });

  it("is the same at any step however it was reached", async () => {
    const [first, second] = [await open(ALL), await open(ALL)];
    for (let step = 0; step < 30; step++) first.batch(step);
    expect(second.batch(29)).toEqual(first.batch(29));
    expect((await open(ALL, 2)).batch(29)).not.toEqual(first.batch(29));
  });

  it("visits every plain window of an epoch once", async () => {
    const corpus = await readTokenised({ folder, split: "train", tokenizer });
    const seen = (await sequences({})).map((tokens) => tokenizer.decode(tokens));
    const all = tokenizer.decode(Uint32Array.from(corpus.tokens));
    const starts = seen.map((text) => all.indexOf(text));
    expect(starts).not.toContain(-1);
    // The last batch reaches into the next epoch.
    expect(new Set(seen).size).toBeGreaterThanOrEqual(seen.length - 3);
  });

  it("makes fills whose middle lies between prefix and suffix in the document", async () => {
    const documents: string[] = [];
    for await (const { text } of readDocuments(folder)) documents.push(text);
    const fills = (await sequences({ fill: 1 }))
      .map((tokens) => tokenizer.decode(tokens))
      .filter((text) => text.includes("<|mid|>"));
    expect(fills.length).toBeGreaterThan(10);
    for (const text of fills) {
      const parts = /<\|suf\|>(.*?)<\|pre\|>(.*?)<\|hint\|>(.*?)<\|mid\|>(.*?)<\|eot\|>/s.exec(text);
      const [, suffix = "", prefix = "", hint = "", middle = ""] = parts ?? [];
      expect(documents.some((document) => document.includes(prefix + middle + suffix))).toBe(true);
      expect(suffix.trimStart().startsWith(hint)).toBe(true);
    }
  });

  it("makes edits whose context already has the new name", async () => {
    const edits = (await sequences({ edit: 1 }))
      .map((tokens) => tokenizer.decode(tokens))
      .filter((text) => text.includes("<|ins|>"));
    expect(edits.length).toBeGreaterThan(5);
    for (const text of edits) {
      const [, context = "", old = "", changed = ""] =
        /<\|diff\|>(.*)<\|del\|>(.*)<\|ins\|>(.*?)<\|eot\|>/s.exec(text) ?? [];
      const name = (changed.match(/[\w$]+/g) ?? []).find((word) => !old.includes(word)) ?? "";
      expect(old).not.toBe(changed);
      expect(context).toContain(name);
    }
  });

  it("makes chats that answer and end", async () => {
    const chats = (await sequences({ chat: 1 })).filter((tokens) => tokens[0] === controls?.user);
    expect(chats.length).toBeGreaterThan(5);
    for (const tokens of chats)
      expect(tokenizer.decode(tokens)).toMatch(/^<\|user\|>.+?<\|eot\|><\|asst\|>.+?<\|eot\|>/s);
  });
});

describe("validationWindows", () => {
  it("spreads over the held-out tokens", async () => {
    const split = await readTokenised({ folder, split: "valid", tokenizer });
    const windows = validationWindows({ split, contextTokens: CONTEXT_TOKENS, count: 5 });
    expect(windows.map(({ length }) => length)).toEqual(Array(5).fill(CONTEXT_TOKENS + 1));
    expect([...(windows.at(-1) ?? [])]).toEqual([...split.tokens.slice(-CONTEXT_TOKENS - 1)]);
  });
});

describe("writeAnchors", () => {
  it("writes the same windows of corpus code every time", async () => {
    const path = join(folder, "anchors.json");
    const anchors = await writeAnchors({ folder, tokenizer, path });
    expect(anchors.length).toBe(ANCHOR_COUNT);
    expect(new Set(anchors.map(({ tokens }) => tokens.length))).toEqual(new Set([ANCHOR_TOKENS]));
    const written = await readFile(path, "utf8");
    const texts = anchors.map(({ tokens }) => tokenizer.decode(Uint32Array.from(tokens)));
    expect(JSON.parse(written).windows.map(({ text }: { text: string }) => text)).toEqual(texts);
    await writeAnchors({ folder, tokenizer, path });
    expect(await readFile(path, "utf8")).toBe(written);
  });
});
