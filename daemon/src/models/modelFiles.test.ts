/** Models in folders: found, imported as hub folders, compared. The formats themselves: native/test/modelFiles.test.ts. */

import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { convertModel, createEngine, loadTokenizer, readModelFile } from "../engine/engine.js";
import { compareModels, compareRow } from "./compareModels.js";
import { findModelFile, findNamedModel, modelNameOf } from "./findModelFile.js";
import { type ImportOptions, importModel } from "./importModel.js";
import {
  embeddedAnchorsPath,
  embeddedModelPath,
  findVocabulary,
  shippedModelFolder,
  worldVocabularyPath,
} from "./modelFiles.js";
import { shapeOf, typeShares } from "./modelShape.js";

const scratch = mkdtempSync(join(tmpdir(), "ouroboros-model-"));
const engine = createEngine({ threads: 1 });
afterAll(() => {
  engine.close();
  rmSync(scratch, { recursive: true, force: true });
});

const signal = new AbortController().signal;
const embedded = embeddedModelPath();
const embeddedVocabulary = findVocabulary({ checkpoint: embedded, named: undefined });

function folderWith(...names: readonly string[]): string {
  const folder = mkdtempSync(join(scratch, "folder-"));
  for (const name of names) writeFileSync(join(folder, name), "");
  return folder;
}

async function quantised(): Promise<string> {
  const destination = join(scratch, "small-Q8_0.gguf");
  const tokenizer = loadTokenizer(embeddedVocabulary);
  await convertModel(engine, { source: embedded, destination, format: "gguf", type: "q8_0", tokenizer });
  return destination;
}
const gguf = await quantised();

describe("what ships with the product", () => {
  test("is found from the sources", () => {
    const names = [embeddedModelPath(), embeddedAnchorsPath(), worldVocabularyPath()];
    expect(names.filter((path) => !existsSync(path))).toEqual([]);
  });

  test.each(["dist", "src", "src/models"])("is found from %s, beside it or above", (from) => {
    const folder = folderWith();
    mkdirSync(join(folder, "model"));
    writeFileSync(join(folder, "model", "model.safetensors"), "");
    mkdirSync(join(folder, from), { recursive: true });
    expect(shippedModelFolder(join(folder, from))).toBe(join(folder, "model"));
  });

  test("where it is missing, is looked for beside the running file's folder", () => {
    const folder = folderWith();
    expect(shippedModelFolder(join(folder, "dist"))).toBe(join(folder, "model"));
  });
});

describe("finding a model's file", () => {
  test.each([
    ["model.safetensors", ["model.pth", "model.safetensors", "other.gguf"]],
    ["model.safetensors.index.json", ["model-00001-of-00002.safetensors", "model.safetensors.index.json"]],
    ["only.gguf", ["README.md", "only.gguf"]],
  ])("takes %s out of %j", async (expected, names) => {
    const folder = folderWith(...names);
    expect(await findModelFile(folder)).toBe(join(folder, expected));
  });

  test.each([
    ["no model", ["README.md"], "holds no"],
    ["several", ["a.gguf", "b.gguf"], "several models; name one, such as a.gguf"],
  ])("refuses a folder with %s", async (_name, names, text) => {
    await expect(findModelFile(folderWith(...names))).rejects.toMatchObject({
      code: "input-invalid",
      message: expect.stringContaining(text),
    });
  });

  test("knows imported models by name, unless a path of that name exists", async () => {
    const models = mkdtempSync(join(scratch, "models-"));
    mkdirSync(join(models, "small"));
    writeFileSync(join(models, "small", "model.safetensors"), "");
    const absent = join(scratch, "small");
    const find = (path: string) => findNamedModel({ named: "small", path, models });
    expect(await find(absent)).toBe(join(models, "small", "model.safetensors"));
    expect(await find(gguf)).toBe(gguf);
  });

  test.each([
    ["/models/rwkv7-g1-0.1b.pth", "rwkv7-g1-0.1b"],
    ["/models/World 0.1B/model.safetensors", "World-0.1B"],
    ["/models/...gguf", "model"],
  ])("names %s %s", (path, name) => expect(modelNameOf(path)).toBe(name));
});

describe("a GGUF file", () => {
  test("brings its own vocabulary", () => {
    expect(findVocabulary({ checkpoint: gguf, named: undefined })).toBe(gguf);
    const inside = loadTokenizer(gguf);
    const outside = loadTokenizer(embeddedVocabulary);
    const text = 'const größe = "it\'s";\n\treturn größe;\n';
    expect(inside.encode(text)).toEqual(outside.encode(text));
  });

  test("says what it spends its bytes on", () => {
    const shares = typeShares(readModelFile(gguf));
    expect(shares.map(({ type }) => type)).toEqual(["Q8_0", "F32"]);
    const big = 2 * 4096 * 256 + 6 * (4 * 256 * 256 + 2 * 256 * 1024);
    expect(shares[0]).toEqual({ type: "Q8_0", parameters: big, bytes: (big / 32) * 34 });
  });
});

describe("importing", () => {
  const importing = (more: Partial<ImportOptions>): ImportOptions => ({
    engine,
    source: gguf,
    vocabularyPath: gguf,
    models: mkdtempSync(join(scratch, "models-")),
    name: "small",
    type: undefined,
    signal,
    onProgress: () => {},
    ...more,
  });

  test("makes a hub folder that is the same model", async () => {
    const options = importing({});
    const imported = await importModel(options);
    expect(imported.kind).toBe("finished");
    const folder = join(options.models, "small");
    expect(readdirSync(folder).sort()).toEqual([
      "README.md",
      "config.json",
      "generation_config.json",
      "model.safetensors",
      "tokenizer_config.json",
      "vocab.txt",
    ]);
    const config = JSON.parse(readFileSync(join(folder, "config.json"), "utf8"));
    expect(config).toMatchObject({ model_type: "rwkv7", n_layer: 6, n_embd: 256, vocab_size: 4096 });
    expect(readFileSync(join(folder, "vocab.txt"))).toEqual(readFileSync(embeddedVocabulary));
    const pair = { first: gguf, second: join(folder, "model.safetensors") };
    const same = await compareModels({ ...pair, threads: 1, signal, onProgress: () => {} });
    expect(same).toMatchObject({ maxDifference: 0, divergence: 0, sameBest: 1 });
    expect(shapeOf(readModelFile(pair.second))).toEqual(shapeOf(readModelFile(embedded)));
  });

  test("keeps how the source wants to be asked", async () => {
    const source = join(scratch, "asked", "model.safetensors");
    mkdirSync(dirname(source));
    copyFileSync(embedded, source);
    writeFileSync(join(dirname(source), "config.json"), JSON.stringify({ completionForm: "continue" }));
    const options = importing({ source, vocabularyPath: embeddedVocabulary });
    await importModel(options);
    const config = JSON.parse(readFileSync(join(options.models, "small", "config.json"), "utf8"));
    expect(config.completionForm).toBe("continue");
  });

  test("leaves nothing behind when it is stopped or fails", async () => {
    const stop = new AbortController();
    stop.abort();
    const stopped = importing({ signal: stop.signal });
    expect(await importModel(stopped)).toEqual({ kind: "cancelled" });
    expect(readdirSync(stopped.models)).toEqual([]);
    const broken = importing({ source: embeddedVocabulary });
    await expect(importModel(broken)).rejects.toMatchObject({ code: "format" });
    expect(readdirSync(broken.models)).toEqual([]);
    // Numbers as large as 17e9 can be written, but nothing can be computed with them.
    const large = join(scratch, "large.safetensors");
    const bytes = readFileSync(embedded);
    const data = 8 + Number(bytes.readBigUInt64LE(0));
    writeFileSync(
      large,
      Buffer.concat([bytes.subarray(0, data), Buffer.alloc(bytes.length - data, "\x80\x50", "latin1")]),
    );
    const useless = importing({ source: large, vocabularyPath: embeddedVocabulary });
    await expect(importModel(useless)).rejects.toMatchObject({ code: "numbers" });
    expect(readdirSync(useless.models)).toEqual([]);
  });

  test("never replaces a model, and refuses names that are no names", async () => {
    const options = importing({});
    mkdirSync(join(options.models, "small"));
    await expect(importModel(options)).rejects.toMatchObject({ code: "input-invalid" });
    await expect(importModel({ ...options, name: "../up" })).rejects.toMatchObject({ code: "input-invalid" });
  });
});

describe("comparing", () => {
  test("tells how much quantising costs", async () => {
    const compared = await compareModels({ first: embedded, second: gguf, signal, onProgress: () => {} });
    if (compared.kind === "cancelled") throw new Error("not asked to stop");
    expect(compared.positions).toBe(128);
    expect(compared.maxDifference).toBeGreaterThan(0);
    expect(compared.divergence).toBeGreaterThan(0);
    expect(compared.divergence).toBeLessThan(0.001);
    expect(compared.sameBest).toBeGreaterThan(0.9);
  });

  test("refuses models of different shapes", async () => {
    const other = await engine.initialModel({ shape: { layers: 1, width: 64, vocabularySize: 40 }, seed: 1 });
    const path = join(scratch, "other.safetensors");
    const optimizer = {
      beta1: 0.9,
      beta2: 0.99,
      epsilon: 1e-8,
      weightDecay: 0,
      clip: 0,
      groups: "uniform",
    } as const;
    const trainer = other.createTrainer({ parameters: { kind: "whole" }, seed: 1, optimizer });
    await trainer.saveCheckpoint({ path, precision: "f32" });
    const comparing = compareModels({ first: embedded, second: path, signal, onProgress: () => {} });
    await expect(comparing).rejects.toMatchObject({ code: "models-differ" });
  });

  test("of two rows: difference, divergence in nats, best token", () => {
    const row = compareRow(Float32Array.of(0, Math.log(3)), Float32Array.of(0, 0));
    expect(row.difference).toBeCloseTo(Math.log(3), 6);
    expect(row.divergence).toBeCloseTo(0.25 * Math.log(0.5) + 0.75 * Math.log(1.5), 6);
    expect(row.isSameBest).toBe(false);
  });
});
