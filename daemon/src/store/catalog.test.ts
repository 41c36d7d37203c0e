import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
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

/** Adapters of one model and one project, as a home has them in which something was learned. */
async function writeAdapter(): Promise<void> {
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
}

it.each(["", "{", '{"v":1}', '{"v":9,"checkpoints":[]}', '{"v":1,"currentCheckpoint":7}'])(
  "says that %j tells no model, lists what the adapters name, and leaves the file alone",
  async (content) => {
    await writeAdapter();
    writeFileSync(home.catalog, content);
    const catalog = await openCatalog(home);
    expect(catalog.problem).toMatch(/catalog\.json is .*the embedded one answers/);
    expect(catalog.data).toMatchObject({
      checkpoints: [checkpoint],
      projects: [{ id: "shop-0", name: "shop", folder: null }],
    });
    await rememberProject(catalog, { id: "inn-0", name: "inn", folder: "/inn" });
    expect(readFileSync(home.catalog, "utf8")).toBe(content);
    expect((await openCatalog(home)).problem).toBe(catalog.problem);
  },
);

it("says that a catalog is gone where something was learned", async () => {
  await writeAdapter();
  expect((await openCatalog(home)).problem).toMatch(/catalog\.json is gone/);
});

it("sets a damaged catalog aside when a model is chosen, and asks no more", async () => {
  writeFileSync(home.catalog, "{");
  const catalog = await openCatalog(home);
  await chooseCheckpoint(catalog, checkpoint);
  expect(catalog.problem).toBeUndefined();
  const again = await openCatalog(home);
  expect(again.problem).toBeUndefined();
  expect(await checkpointInUse(again)).toEqual(checkpoint);
  const [aside] = readdirSync(home.root).filter((name) => name.endsWith(".damaged"));
  expect(readFileSync(join(home.root, aside ?? ""), "utf8")).toBe("{");
});

it("does not write over a catalog that was damaged while it was open", async () => {
  const catalog = await openCatalog(home);
  writeFileSync(home.catalog, "{");
  await expect(rememberProject(catalog, { id: "inn-0", name: "inn", folder: "/inn" })).rejects.toMatchObject({
    code: "catalog-damaged",
  });
  expect(readFileSync(home.catalog, "utf8")).toBe("{");
});

it("obeys the choice in a catalog of a newer version, and does not write it", async () => {
  await chooseCheckpoint(await openCatalog(home), checkpoint);
  const newer = { ...JSON.parse(readFileSync(home.catalog, "utf8")), v: 2, tags: ["new"] };
  writeFileSync(home.catalog, JSON.stringify(newer));
  const catalog = await openCatalog(home);
  expect(catalog.problem).toBeUndefined();
  expect(await checkpointInUse(catalog)).toEqual(checkpoint);
  await expect(chooseEmbeddedModel(catalog)).rejects.toMatchObject({ code: "catalog-newer" });
  expect(JSON.parse(readFileSync(home.catalog, "utf8"))).toEqual(newer);
});

it("keeps what another version added", async () => {
  await chooseCheckpoint(await openCatalog(home), checkpoint);
  const { checkpoints, ...rest } = JSON.parse(readFileSync(home.catalog, "utf8"));
  const more = { ...rest, tags: ["new"], checkpoints: [{ ...checkpoints[0], note: "mine" }] };
  writeFileSync(home.catalog, JSON.stringify(more));
  const catalog = await openCatalog(home);
  expect(await checkpointInUse(catalog)).toMatchObject(checkpoint);
  await rememberProject(catalog, { id: "inn-0", name: "inn", folder: "/inn" });
  expect(JSON.parse(readFileSync(home.catalog, "utf8"))).toMatchObject({
    tags: ["new"],
    checkpoints: [{ note: "mine" }],
    projects: [{ id: "inn-0" }],
  });
});

it("does not take the embedded model for one that is chosen and not listed", async () => {
  const catalog = await openCatalog(home);
  await chooseCheckpoint(catalog, checkpoint);
  await catalog.update((data) => {
    data.checkpoints = [];
  });
  await expect(checkpointInUse(catalog)).rejects.toMatchObject({ code: "checkpoint-missing" });
});

it("says that a catalog cannot be read instead of replacing it", async () => {
  mkdirSync(home.catalog);
  await expect(openCatalog(home)).rejects.toMatchObject({ code: "catalog-read" });
});

it("takes nothing of what it knew into a home that took the first one's place", async () => {
  const catalog = await openCatalog(home);
  await rememberProject(catalog, { id: "secret-1", name: "secret", folder: "/secret" });
  rmSync(home.root, { recursive: true });
  await prepareDataHome(home);
  const other = { id: "other-1", name: "other", folder: "/other" };
  await rememberProject(catalog, other);
  expect(readFileSync(home.catalog, "utf8")).toContain("/other");
  expect(readFileSync(home.catalog, "utf8")).not.toContain("secret");
});
