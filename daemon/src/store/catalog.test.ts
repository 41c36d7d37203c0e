import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type DataHome, locateDataHome, prepareDataHome } from "../base/dataHome.js";
import { adapterFolder, commitAdapter, stageAdapter } from "./adapters.js";
import {
  checkCheckpoint,
  checkpointInUse,
  chooseCheckpoint,
  chooseEmbeddedModel,
  openCatalog,
  type RegisteredCheckpoint,
  rememberProject,
} from "./catalog.js";

let root: string;
let home: DataHome;
let checkpoint: RegisteredCheckpoint;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "ouro-catalog-"));
  home = locateDataHome({ OURO_HOME: join(root, "home") });
  await prepareDataHome(home);
  const path = join(root, "model.safetensors");
  writeFileSync(path, "");
  checkpoint = { hash: "a".repeat(64), path, vocabularyPath: null, addedAt: "2026-01-01T00:00:00.000Z" };
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

it("begins with the embedded model and writes nothing", async () => {
  const catalog = await openCatalog(home);
  expect(await checkpointInUse(catalog)).toBeUndefined();
  expect(existsSync(home.catalog)).toBe(false);
});

it("remembers the model in use and the way back to the embedded one", async () => {
  await chooseCheckpoint(await openCatalog(home), checkpoint);
  const catalog = await openCatalog(home);
  expect(await checkpointInUse(catalog)).toEqual(checkpoint);
  await chooseEmbeddedModel(catalog);
  expect(await checkpointInUse(await openCatalog(home))).toBeUndefined();
  expect(catalog.data.checkpoints).toHaveLength(1);
});

it("says that a registered model file is gone, and that it changed", async () => {
  const catalog = await openCatalog(home);
  await chooseCheckpoint(catalog, checkpoint);
  expect(() => checkCheckpoint(checkpoint, "c".repeat(64))).toThrow(/another model/);
  expect(() => checkCheckpoint(checkpoint, checkpoint.hash)).not.toThrow();
  rmSync(checkpoint.path);
  await expect(checkpointInUse(catalog)).rejects.toMatchObject({ code: "checkpoint-missing" });
});

it("remembers a project once", async () => {
  const catalog = await openCatalog(home);
  const project = { id: "shop-0", name: "shop", folder: "/shop" };
  await rememberProject(catalog, project);
  const written = readFileSync(home.catalog, "utf8");
  await rememberProject(catalog, project);
  expect(readFileSync(home.catalog, "utf8")).toBe(written);
  expect(catalog.data.projects).toEqual([project]);
});

it.each(["", "{", '{"v":1}', '{"v":9,"checkpoints":[]}'])(
  "sets a damaged catalog %j aside and makes it again from the adapters",
  async (damaged) => {
    const folder = adapterFolder(home, { checkpoint: checkpoint.hash, project: "shop-0" });
    const staged = await stageAdapter(folder, (path) => writeFile(path, "tensors"));
    await commitAdapter({
      folder,
      staged,
      manifest: {
        version: 1,
        parent: 0,
        at: "2026-01-01T00:00:00.000Z",
        checkpoint: { hash: checkpoint.hash, path: checkpoint.path },
        vocabulary: "b".repeat(64),
        project: { id: "shop-0", name: "shop" },
        parameters: { kind: "whole" },
        corrections: [],
        lossBefore: 1,
        lossAfter: 0,
      },
    });
    mkdirSync(join(home.adapters, "stray"));
    writeFileSync(home.catalog, damaged);
    const catalog = await openCatalog(home);
    expect(catalog.wasRebuilt).toBe(true);
    expect(catalog.data).toMatchObject({
      checkpoints: [checkpoint],
      projects: [{ id: "shop-0", name: "shop", folder: null }],
    });
    expect(readFileSync(`${home.catalog}.damaged`, "utf8")).toBe(damaged);
    expect((await openCatalog(home)).wasRebuilt).toBe(false);
  },
);

it("says that a catalog cannot be read instead of replacing it", async () => {
  mkdirSync(home.catalog);
  await expect(openCatalog(home)).rejects.toMatchObject({ code: "catalog-read" });
});
