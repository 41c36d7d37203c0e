import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ContextStage } from "@ouroboros/configs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makePackage, sampleCode } from "../../../../test/testTarball.js";
import { testTokenizer } from "../../../../test/testTokenizer.js";
import { controlsOf } from "../../../prompt/controls.js";
import { CONTROL_LITERALS } from "../../../prompt/controlTokens.js";
import { buildCorpus } from "../buildCorpus.js";
import { readDocuments } from "../documents.js";
import { parseRecipe } from "../recipe.js";
import { archiveName } from "../sources/archiveCache.js";
import { lengthsIn } from "./indexedTokens.js";
import { openSampleStream } from "./sampleStream.js";
import { readTokenised, tokeniseCorpus } from "./tokenisedCorpus.js";
import { validationWindows } from "./validationWindows.js";
import type { SampleMix } from "./windowMaker.js";

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
const PLAIN: SampleMix = {
  fill: 0,
  fillAtTokens: 0.5,
  hints: 0.5,
  edit: 0,
  chat: 0,
  renamed: 0,
  split: 0,
  headers: 0,
};

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ouro-stream-"));
  const files = Object.fromEntries(
    [...Array(24).keys()].map((seed) => [`src/f${seed}.ts`, sampleCode(seed, 6)]),
  );
  const { tarball, ...source } = makePackage("first", files);
  await writeFile(join(folder, archiveName(source)), tarball);
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

const EPOCH_STEPS = 20;

function open(options: { mix?: Partial<SampleMix>; seed?: number; stages?: readonly ContextStage[] }) {
  const { seed = 1, stages = [{ contextTokens: CONTEXT_TOKENS, steps: 4 * EPOCH_STEPS }] } = options;
  const mix = { ...PLAIN, ...options.mix };
  return openSampleStream({ folder, tokenizer, tokensPerStep: 4 * CONTEXT_TOKENS, stages, seed, mix });
}

/** All of an epoch. */
async function sequences(mix: Partial<SampleMix>): Promise<Uint32Array[]> {
  const stream = await open({ mix });
  return [...Array(stream.stepsPerEpoch).keys()].flatMap((step) => stream.batch(step));
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

  it("is an indexed token file too, as other trainers read it", async () => {
    const split = await readTokenised({ folder, split: "train", tokenizer });
    const index = await readFile(join(folder, "train.idx"));
    expect(index.subarray(0, 9).toString("latin1")).toBe("MMIDIDX\0\0");
    const lengths = split.documents.map(({ start, end }) => end - start);
    expect(lengthsIn(index)).toEqual(lengths);
    expect(index.length).toBe(34 + 20 * lengths.length + 8);
    // The byte offset of the last document, then the numbers of the documents.
    const offsets = 34 + 4 * lengths.length;
    expect(Number(index.readBigInt64LE(offsets + 8 * (lengths.length - 1)))).toBe(
      2 * (split.documents.at(-1)?.start ?? 0),
    );
    expect(Number(index.readBigInt64LE(index.length - 8))).toBe(lengths.length);
    expect(lengthsIn(index.subarray(1))).toBeUndefined();
  });

  it("refuses tokens of another vocabulary", async () => {
    const other = testTokenizer([...CONTROL_LITERALS, "x y"]);
    await expect(readTokenised({ folder, split: "train", tokenizer: other })).rejects.toThrow(
      "another vocabulary",
    );
  });
});

describe("openSampleStream", () => {
  const ALL = { fill: 0.3, edit: 0.2, chat: 0.2, renamed: 0.1, split: 0.1, headers: 0.5 };

  it("gives whole windows of known tokens, cut where a document ends, epoch after epoch", async () => {
    const stream = await open({ mix: ALL });
    for (let step = 0; step < 2 * stream.stepsPerEpoch; step++) {
      const batch = stream.batch(step);
      const total = batch.reduce((sum, tokens) => sum + tokens.length, 0);
      // A lone token at the end of a window is no sequence.
      expect(total).toBeGreaterThan(4 * CONTEXT_TOKENS - 4);
      expect(total).toBeLessThanOrEqual(4 * (CONTEXT_TOKENS + 1));
      for (const tokens of batch) {
        expect(Math.max(...tokens)).toBeLessThan(tokenizer.size);
        expect(tokens.subarray(0, -1)).not.toContain(0);
      }
    }
  });

  it("is the same at any step however it was reached", async () => {
    const [first, second] = [await open({ mix: ALL }), await open({ mix: ALL })];
    for (let step = 0; step < 30; step++) first.batch(step);
    expect(second.batch(29)).toEqual(first.batch(29));
    expect((await open({ mix: ALL, seed: 2 })).batch(29)).not.toEqual(first.batch(29));
  });

  it("reads no place twice before it has read all, through stages of other contexts too", async () => {
    const corpus = await readTokenised({ folder, split: "train", tokenizer });
    const [long, short] = [2 * CONTEXT_TOKENS, CONTEXT_TOKENS];
    const stages = [
      { contextTokens: short, steps: 3 },
      { contextTokens: long, steps: 3 },
    ];
    const stream = await open({ stages });
    const text = tokenizer.decode(Uint32Array.from(corpus.tokens));
    const places = [0, 1, 2, 3, 4, 5].flatMap((step) =>
      stream
        .batch(step)
        .filter((tokens) => tokens.length > short / 2)
        .map((tokens) => ({ at: text.indexOf(tokenizer.decode(tokens)), length: tokens.length })),
    );
    expect(places.map(({ at }) => at)).not.toContain(-1);
    expect(new Set(places.map(({ at }) => at)).size).toBe(places.length);
    expect(Math.max(...places.map(({ length }) => length))).toBeGreaterThan(short + 1);
  });

  it("makes fills whose parts lie one after another in the document", async () => {
    const documents: string[] = [];
    for await (const { text } of readDocuments(folder)) documents.push(text);
    const fills = (await sequences({ fill: 1 }))
      .map((tokens) => tokenizer.decode(tokens))
      .filter((text) => text.includes("<|mid|>") && text.includes("<|eot|>"));
    expect(fills.length).toBeGreaterThan(10);
    for (const text of fills) {
      const parts = /<\|suf\|>(.*?)<\|pre\|>(.*?)(?:<\|hint\|>(.*?))?<\|mid\|>(.*?)<\|eot\|>/s.exec(text);
      const [, suffix = "", above = "", hint = "", written = ""] = parts ?? [];
      expect(documents.some((document) => document.includes(above + written + suffix))).toBe(true);
      expect(suffix.trimStart().startsWith(hint)).toBe(true);
    }
    const hinted = fills.filter((text) => text.includes("<|hint|>")).length;
    expect(hinted).toBeGreaterThan(0);
    expect(hinted).toBeLessThan(fills.length);
  });

  it("makes several fills of a long window, each with as much above the cursor as a prompt mostly has", async () => {
    const contextTokens = 640;
    const stages = [{ contextTokens, steps: 12 }];
    const stream = await openSampleStream({
      folder,
      tokenizer,
      tokensPerStep: contextTokens,
      stages,
      seed: 1,
      mix: { ...PLAIN, fill: 1 },
    });
    const batches = Array.from({ length: 12 }, (_, step) => stream.batch(step));
    const fills = batches.map((batch) => batch.filter((tokens) => controls && tokens.includes(controls.mid)));
    expect(Math.max(...fills.map(({ length }) => length))).toBe(2);
    expect(Math.max(...batches.flat().map(({ length }) => length))).toBeLessThanOrEqual(321);
    for (const batch of batches) {
      const predicted = batch.reduce((sum, tokens) => sum + tokens.length - 1, 0);
      expect(predicted).toBeGreaterThan(contextTokens - 4);
      expect(predicted).toBeLessThanOrEqual(contextTokens);
    }
    // From the middle of the text on, but in a document's first lines.
    const above = fills.flat().map((tokens) => {
      const [pre, mid] = [controls?.pre, controls?.mid].map((id) => tokens.indexOf(id ?? -1));
      return (mid ?? 0) - (pre ?? 0);
    });
    expect(above.filter((count) => count > 100).length).toBeGreaterThan(above.length / 2);
  });

  it("renames throughout: the text differs from every document, and the new name comes again", async () => {
    const corpus = await readTokenised({ folder, split: "train", tokenizer });
    const known = new Set(tokenizer.decode(Uint32Array.from(corpus.tokens)).match(/[\w$]+/g));
    const renamed = (await sequences({ renamed: 1 })).map((tokens) => tokenizer.decode(tokens));
    const invented = renamed.flatMap((text) => {
      const names = (text.match(/[A-Za-z_$][\w$]*/g) ?? []).filter((name) => !known.has(name));
      return [...new Set(names)].map((name) => names.filter((each) => each === name).length);
    });
    expect(invented.length).toBeGreaterThan(10);
    // Cut words at a window's ends occur once; the others are names, seen at least three times in the whole stretch.
    expect(invented.filter((times) => times >= 2).length).toBeGreaterThan(invented.length / 4);
  });

  it("splits tokens of a text and keeps the text", async () => {
    const documents: string[] = [];
    for await (const { text } of readDocuments(folder)) documents.push(text);
    const split = (await sequences({ split: 1 }))
      .map((tokens) => ({ text: tokenizer.decode(tokens), tokens }))
      // The others are what follows in a window.
      .filter(({ text }) => /^<\|file\|>.*\n/.test(text))
      .map(({ text, tokens }) => ({ text: text.replace(/^.*\n/, ""), tokens }));
    const changed = split.filter(({ text, tokens }) => tokenizer.encode(text).length < tokens.length - 8);
    expect(split.length).toBeGreaterThan(10);
    for (const { text } of split) expect(documents.some((each) => each.includes(text))).toBe(true);
    expect(changed.length).toBeGreaterThan(0);
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
