import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { archiveName, cachedArchive } from "./archiveCache.js";
import { attributionTable } from "./attribution.js";
import { buildCorpus } from "./buildCorpus.js";
import { readDocuments } from "./documents.js";
import { parseRecipe } from "./recipe.js";

import { type MadePackage, makePackage, makeTarball, sampleCode } from "./testTarball.js";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "ouro-corpus-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const FIRST = makePackage("first", {
  "src/a.ts": sampleCode(1),
  "src/b.ts": sampleCode(2),
  "dist/a.js": sampleCode(1),
  "README.md": "# First\n\nA package that computes parts of what it is given, in bounds.\n",
});
const SECOND = makePackage("@scope/second", { "lib/index.js": sampleCode(3), "lib/again.js": sampleCode(2) });

function recipeOf(packages: readonly MadePackage[], change: object = {}) {
  return parseRecipe({
    name: "test",
    description: "two packages made here",
    exclude: [],
    excludedPackages: [],
    validEvery: 1_000_000,
    packages: packages.map(({ tarball: _, ...source }) => ({ ...source, ...change })),
  });
}

async function fillCache(packages: readonly MadePackage[]): Promise<string> {
  const cache = await mkdtemp(join(folder, "cache-"));
  for (const source of packages) await writeFile(join(cache, archiveName(source)), source.tarball);
  return cache;
}

async function build(packages: readonly MadePackage[], change: object = {}) {
  return buildCorpus({ recipe: recipeOf(packages, change), folder, cache: await fillCache(packages) });
}

async function paths(): Promise<string[]> {
  const found: string[] = [];
  for await (const { package: name, path } of readDocuments(folder)) found.push(`${name} ${path}`);
  return found;
}

describe("buildCorpus", () => {
  it("keeps each text once, sources before what was compiled from them", async () => {
    const built = await build([FIRST, SECOND]);
    expect(await paths()).toEqual([
      "first src/a.ts",
      "first src/b.ts",
      "first README.md",
      "@scope/second lib/index.js",
    ]);
    expect(built.kind === "finished" && built.manifest.packages.map(({ dropped }) => dropped)).toEqual([
      { twin: { files: 1, bytes: expect.any(Number) }, name: { files: 1, bytes: expect.any(Number) } },
      { twin: { files: 1, bytes: expect.any(Number) }, name: { files: 1, bytes: expect.any(Number) } },
    ]);
  });

  it("makes the same bytes from the same recipe", async () => {
    await build([FIRST, SECOND]);
    const before = await Promise.all(
      ["documents.jsonl", "manifest.json"].map((name) => readFile(join(folder, name))),
    );
    await build([FIRST, SECOND]);
    const after = await Promise.all(
      ["documents.jsonl", "manifest.json"].map((name) => readFile(join(folder, name))),
    );
    expect(after).toEqual(before);
  });

  it("takes no more than the cap, in whole files", async () => {
    const bytesMax = Buffer.byteLength(sampleCode(1)) + 10;
    const built = await build([FIRST], { bytesMax });
    expect(built.kind === "finished" && built.manifest.bytes).toBeLessThanOrEqual(bytesMax);
  });

  it("names the package whose tarball has another licence than the recipe", async () => {
    await expect(build([FIRST], { licence: "ISC" })).rejects.toThrow('first@1.0.0 is under "MIT"');
  });

  it("leaves nothing behind when it is cancelled", async () => {
    const cache = await fillCache([FIRST]);
    const built = await buildCorpus({
      recipe: recipeOf([FIRST]),
      folder,
      cache,
      signal: AbortSignal.abort(),
    });
    expect(built).toEqual({ kind: "cancelled" });
    expect((await readdir(folder)).filter((name) => !name.startsWith("cache-"))).toEqual([]);
  });

  it("lists every package and licence for the model card", async () => {
    const built = await build([FIRST, SECOND]);
    expect(built.kind === "finished" && attributionTable(built.manifest)).toContain(
      "| @scope/second | npm | 1.0.0 | MIT | 1 |",
    );
  });
});

describe("cachedArchive", () => {
  it("does not trust a damaged tarball in the cache", async () => {
    const cache = await fillCache([FIRST]);
    await writeFile(join(cache, archiveName(FIRST)), makeTarball({ "package.json": "{}" }));
    // The name cannot be fetched, so the damaged file would have to be used for this to succeed.
    const wanted = { ...FIRST, name: "first", version: "0.0.0-not-there" };
    await writeFile(join(cache, archiveName(wanted)), "damaged");
    const signal = AbortSignal.abort(new Error("offline"));
    await expect(cachedArchive({ wanted, cache, signal })).rejects.toThrow("offline");
  });
});

describe("parseRecipe", () => {
  it.each([
    [{ name: "hono" }, "kept out of every corpus"],
    [{ licence: "GPL-3.0-only" }, "not an accepted licence"],
    [{ version: "^1.0.0" }, "one exact version"],
    [{ name: "a; rm -rf" }, "Invalid"],
  ])("refuses %j", (change, problem) => expect(() => recipeOf([FIRST], change)).toThrow(problem));

  it("accepts the recipe that is shipped", async () => {
    const path = new URL("../../../configs/corpora/embedded.json", import.meta.url);
    const recipe = parseRecipe(JSON.parse(await readFile(path, "utf8")));
    expect(recipe.packages.length).toBeGreaterThan(50);
  });
});
