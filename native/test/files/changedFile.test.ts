/**
 * A model's file that another program changes while the model is loaded, or while it is being loaded: what answers stays
 * as it is, training never starts from other numbers, and nothing ends the process.
 */

import { execFileSync, spawn } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { describe, expect, test } from "vitest";
import { EngineError } from "../../lib/errors.js";
import { convertModel, MODEL_FORMATS, type ModelFormat, readModelFile } from "../../lib/modelFiles.js";
import { loadTokenizer } from "../../lib/tokenizer.js";
import type { WeightType } from "../../lib/types.js";
import { ADAMW, numbersOf, openEngine, scoreOf } from "../engineFixture.js";
import { expectEngineError, expectEngineErrorAsync } from "../expectEngineError.js";
import { scratchFolder } from "../scratchFolder.js";
import { randomTokens, SMALL, TINY, writeModel } from "../smallModel.js";

const folder = scratchFolder();
const engine = openEngine();
const tokens = randomTokens(12, 92);
const LORA = {
  parameters: { kind: "lora", rank: 2, alpha: 2, targets: ["att.key"] },
  seed: 1,
  optimizer: ADAMW,
} as const;

const official = writeModel({ folder: folder.path, shape: SMALL, seed: 91 });
const files: Partial<Record<ModelFormat, string>> = {};
for (const format of MODEL_FORMATS) {
  const destination = `${folder.path}/model-${format}`;
  await convertModel(engine, { source: official, destination, format });
  files[format] = destination;
}

let copies = 0;
async function loadCopy(format: ModelFormat = "safetensors", weights?: WeightType) {
  copies += 1;
  const path = `${folder.path}/copy-${copies}`;
  copyFileSync(files[format] ?? "", path);
  const model = await engine.loadModel({ path, ...(weights && { weights }) });
  const answers = async () => numbersOf(await scoreOf(model, { tokens }));
  return { path, model, answers, expected: await answers(), train: () => model.createTrainer(LORA) };
}

/** Other numbers in a file that is as long as before. */
function disturb(path: string): void {
  const bytes = readFileSync(path);
  for (let i = Math.floor(bytes.length / 2); i < bytes.length; i += 97) bytes[i] = (bytes[i] ?? 0) ^ 3;
  writeFileSync(path, bytes);
}

describe("a loaded model whose file", () => {
  test.each(MODEL_FORMATS)("was cut short (%s) answers as before and refuses to train", async (format) => {
    const { path, answers, expected, train } = await loadCopy(format);
    truncateSync(path, 100);
    expectEngineError(train, "changed", "the model's file has changed; choose it again");
    expect(await answers()).toEqual(expected);
    truncateSync(path, 0);
    expectEngineError(train, "changed", path);
    expect(await answers()).toEqual(expected);
  });

  test.each(["f32", "bf16", "q8"] as const)("holds other numbers does the same in %s", async (weights) => {
    const { path, answers, expected, train } = await loadCopy("safetensors", weights);
    disturb(path);
    expectEngineError(train, "changed", path);
    expectEngineError(train, "changed", path);
    expect(await answers()).toEqual(expected);
  });

  test("holds other numbers under its old time of change does the same", async () => {
    const { path, train } = await loadCopy();
    const { atime, mtime } = statSync(path);
    disturb(path);
    utimesSync(path, atime, mtime);
    expectEngineError(train, "changed", path);
  });

  test("grew refuses to train", async () => {
    const { path, train } = await loadCopy();
    writeFileSync(path, Buffer.alloc(64), { flag: "a" });
    expectEngineError(train, "changed", path);
  });

  test("got its bytes back trains again, from the same numbers", async () => {
    const { path, train } = await loadCopy();
    const untouched = await loadCopy();
    disturb(path);
    expectEngineError(train, "changed");
    copyFileSync(untouched.path, path);
    const wanted = `${folder.path}/wanted.safetensors`;
    const saved = `${folder.path}/saved.safetensors`;
    const save = async ({ model }: typeof untouched, to: string) => {
      const whole = model.createTrainer({ ...LORA, parameters: { kind: "whole" } });
      await whole.saveCheckpoint({ path: to, precision: "f32" });
    };
    await save(untouched, wanted);
    const again = await engine.loadModel({ path });
    await save({ ...untouched, model: again }, saved);
    expect(readFileSync(saved).equals(readFileSync(wanted))).toBe(true);
    expect(train).not.toThrow();
  });

  test.each<[string, (path: string) => void]>([
    ["was touched", (path) => utimesSync(path, new Date(), new Date())],
    ["has other permissions", (path) => chmodSync(path, 0o600)],
    ["has a second name", (path) => linkSync(path, `${path}-linked`)],
    ["was written again with the same bytes", (path) => writeFileSync(path, readFileSync(path))],
    ["was moved", (path) => renameSync(path, `${path}-moved`)],
    ["was removed", (path) => rmSync(path)],
    [
      "had another one renamed over it",
      (path) => {
        copyFileSync(path, `${path}-next`);
        disturb(`${path}-next`);
        renameSync(`${path}-next`, path);
      },
    ],
  ])("%s trains on", async (_name, change) => {
    const { path, answers, expected, train } = await loadCopy();
    change(path);
    expect(train).not.toThrow();
    expect(train).not.toThrow();
    expect(await answers()).toEqual(expected);
  });
});

test("a file that changes while it is converted makes no other file", async () => {
  // So many layers that the conversion is still at work when the first news of it is here.
  const source = writeModel({ folder: folder.path, shape: { ...TINY, layers: 200 }, seed: 94 });
  const destination = `${folder.path}/never`;
  const converting = () =>
    convertModel(engine, {
      source,
      destination,
      format: "gguf",
      onProgress: (done) => done === 0 && truncateSync(source, 1000),
    });
  await expectEngineErrorAsync(converting, "changed", source);
  expect(existsSync(destination)).toBe(false);
});

test("files that are cut and written all the time are read or refused, never worse", async () => {
  const path = `${folder.path}/restless`;
  copyFileSync(files.gguf ?? "", path);
  const writer = spawn(process.execPath, ["-e", RESTLESS, path], { stdio: "ignore" });
  try {
    const refused = new Set<string>();
    for (let round = 0; round < 150; round += 1) {
      await engine.loadModel({ path }).catch((error: unknown) => refused.add(codeOf(error)));
      try {
        readModelFile(path);
      } catch (error) {
        refused.add(codeOf(error));
      }
    }
    expect(["changed", "format", "architecture", "numbers"]).toEqual(expect.arrayContaining([...refused]));
  } finally {
    writer.kill("SIGKILL");
  }
});

const RESTLESS = `
  const { readFileSync, writeFileSync, truncateSync } = require("node:fs");
  const [path] = process.argv.slice(1), bytes = readFileSync(path);
  for (const end = Date.now() + 30_000; Date.now() < end; ) {
    truncateSync(path, Math.floor(Math.random() * bytes.length));
    writeFileSync(path, bytes);
  }
`;

function codeOf(error: unknown): string {
  if (!(error instanceof EngineError)) throw error;
  return error.code;
}

describe("what is no regular file is refused at once", () => {
  const pipe = `${folder.path}/pipe`;
  execFileSync("mkfifo", [pipe]);
  test.each([pipe, "/dev/zero", "/dev/null", "/dev/tty", folder.path])("%s", async (path) => {
    await expectEngineErrorAsync(() => engine.loadModel({ path }), "file", path);
    expectEngineError(() => readModelFile(path), "file", path);
    expectEngineError(() => loadTokenizer(path), "file", path);
    const model = await engine.loadModel({
      path: writeModel({ folder: folder.path, shape: TINY, seed: 93 }),
    });
    await expectEngineErrorAsync(() => model.loadAdapter({ path }), "file", path);
    await expectEngineErrorAsync(() => model.createTrainer(LORA).restore({ path }), "file", path);
  });
});
