import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { writeClients } from "../../../test/testClients.js";
import {
  type MadePackage,
  makeCrate,
  makePackage,
  makeTarball,
  makeWheel,
  sampleCode,
} from "../../../test/testTarball.js";
import { buildCorpus, isReproduced } from "./buildCorpus.js";
import { readDocuments } from "./documents.js";
import { EXCLUDED_PACKAGES } from "./exclusion.js";
import { parseRecipe, readRecipe } from "./recipe.js";
import { archiveName, cachedArchive, integrityOf } from "./sources/archiveCache.js";

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

  it("takes packages of every registry, with the README that a wheel carries", async () => {
    const python = `def double(value: int) -> int:\n    """Twice the value."""\n    return value * 2\n`;
    const readme = "# Snake\n\nA package that doubles what it is given, and nothing else.\n";
    const metadata = `License-Expression: MIT\nDescription-Content-Type: text/markdown\n\n${readme}`;
    const snake = makeWheel("snake", { "snake/double.py": python }, metadata);
    const rust = "/// Twice the value.\npub fn double(value: i32) -> i32 {\n    value * 2\n}\n";
    const crab = makeCrate("crab", { "src/lib.rs": rust }, "MIT/Apache-2.0");
    await build([FIRST, snake, crab]);
    expect((await paths()).slice(3)).toEqual(["snake README.md", "snake snake/double.py", "crab src/lib.rs"]);
    expect(await readFile(join(folder, "attribution.md"), "utf8")).toContain(
      `| crab | crates.io | 1.0.0 | MIT OR Apache-2.0 | 1 | 0 | training |`,
    );
  });

  it("counts files and bytes, kept and dropped", async () => {
    const built = await build([FIRST]);
    const [source] = built.kind === "finished" ? built.manifest.packages : [];
    const manifest = JSON.stringify({ name: "first", version: "1.0.0", license: "MIT" });
    expect(source?.dropped).toEqual({
      twin: { files: 1, bytes: Buffer.byteLength(sampleCode(1)) },
      name: { files: 1, bytes: manifest.length },
    });
    const texts: string[] = [];
    for await (const { text } of readDocuments(folder)) texts.push(text);
    expect(source?.kept).toEqual({ files: 3, bytes: Buffer.byteLength(texts.join("")) });
  });

  it("knows the corpus that a recipe expects", async () => {
    const built = await build([FIRST]);
    if (built.kind !== "finished") throw new Error("was not cancelled");
    const { manifest } = built;
    const recipe = recipeOf([FIRST]);
    expect(isReproduced(recipe, manifest)).toBeUndefined();
    expect(isReproduced({ ...recipe, documentsHash: manifest.documentsHash }, manifest)).toBe(true);
    expect(isReproduced({ ...recipe, documentsHash: "0".repeat(64) }, manifest)).toBe(false);
    // Naming the expected documents does not make it another recipe.
    const pinned = { ...recipe, documentsHash: manifest.documentsHash };
    const again = await buildCorpus({ recipe: pinned, folder, cache: await fillCache([FIRST]) });
    expect(again).toEqual(built);
  });

  it("keeps the earlier corpus when a build fails", async () => {
    await build([FIRST]);
    const before = await paths();
    await expect(build([SECOND, FIRST], { licence: "ISC" })).rejects.toThrow();
    expect(await paths()).toEqual(before);
    expect((await readdir(folder)).filter((name) => name.endsWith(".partial"))).toEqual([]);
  });

  it("names the package that has another licence than the recipe", async () => {
    await expect(build([FIRST], { licence: "ISC" })).rejects.toThrow(
      'first@1.0.0 is under "MIT", but the recipe says "ISC"; correct or remove it',
    );
  });

  it("names the package that states no licence", async () => {
    const tarball = makeTarball({ "package.json": '{"name":"first"}', "a.ts": sampleCode(1) });
    const unlicensed = { ...FIRST, tarball, integrity: integrityOf(tarball, "npm") };
    await expect(build([unlicensed])).rejects.toThrow("first@1.0.0 states no licence that can be read");
  });

  it.each([
    FIRST,
    makeWheel("snake", { "snake/a.py": "pass\n" }, "License-Expression: MIT\n"),
    makeCrate("crab", { "src/lib.rs": "\n" }),
  ])("names the package of $registry whose archive is corrupt", async (source) => {
    const tarball = source.tarball.subarray(0, source.tarball.length / 2);
    const corrupt = { ...source, tarball, integrity: integrityOf(tarball, source.registry) };
    await expect(build([corrupt])).rejects.toThrow(
      `the archive of ${source.name}@1.0.0 cannot be unpacked (`,
    );
  });

  it("goes on with what was fetched before it was cancelled", async () => {
    const slow = makePackage("slow", { "a.ts": sampleCode(3) });
    const cache = join(folder, "cache");
    await writeClients(join(folder, "bin"), [FIRST]);
    vi.stubEnv("PATH", join(folder, "bin"));
    const stop = new AbortController();
    const building = buildCorpus({ recipe: recipeOf([FIRST, slow]), folder, signal: stop.signal });
    await expect.poll(() => readdir(cache)).toContain(archiveName(FIRST));
    stop.abort();
    expect(await building).toEqual({ kind: "cancelled" });
    vi.unstubAllEnvs();
    expect(await readdir(cache)).toEqual([archiveName(FIRST)]);
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
    await build([FIRST, SECOND]);
    expect(await readFile(join(folder, "attribution.md"), "utf8")).toContain(
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

describe("a local folder", () => {
  const LICENCE =
    "Permission is hereby granted, free of charge, to any person obtaining a copy of this software";
  const source = { folder: "mine", name: "mine", licence: "MIT", include: ["**/*.ts"] };

  async function buildFolder(files: Readonly<Record<string, string>>) {
    const path = join(folder, "recipe.json");
    await writeFile(path, JSON.stringify({ ...recipeOf([FIRST]), packages: [source] }));
    for (const [name, text] of Object.entries(files)) {
      await mkdir(join(folder, "mine", name, ".."), { recursive: true });
      await writeFile(join(folder, "mine", name), text);
    }
    return buildCorpus({ recipe: await readRecipe(path), folder: join(folder, "out") });
  }

  it("gives its files, and their hash as integrity", async () => {
    const built = await buildFolder({
      LICENSE: LICENCE,
      "src/a.ts": sampleCode(1),
      "src/b.md": "# Not taken",
    });
    const [entry] = built.kind === "finished" ? built.manifest.packages : [];
    expect(entry).toMatchObject({ registry: "folder", name: "mine", version: "", kept: { files: 1 } });
    expect(entry?.integrity).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  it("is refused without a licence that supports the recipe", async () => {
    await expect(buildFolder({ "src/a.ts": sampleCode(1) })).rejects.toThrow("mine states no licence");
  });

  it("is named when it is not there", async () => {
    await expect(buildFolder({})).rejects.toThrow(
      `there is no folder ${join(folder, "mine")}, which the recipe names`,
    );
  });
});

describe("parseRecipe", () => {
  const SNAKE = makeWheel("snake", {}, "");
  const CRAB = makeCrate("crab", {});

  it.each([
    [FIRST, { name: "hono" }, "kept out of every corpus"],
    [SNAKE, { name: "Flask" }, "kept out of every corpus"],
    [CRAB, { name: "grep_searcher" }, "kept out of every corpus"],
    [FIRST, { licence: "GPL-3.0-only" }, "not an accepted licence"],
    [FIRST, { version: "^1.0.0" }, "one exact version"],
    [SNAKE, { version: ">=1" }, "one exact version"],
    [CRAB, { version: "1" }, "one exact version"],
    [FIRST, { name: "a; rm -rf" }, "Invalid"],
    [SNAKE, { name: "--index-url=x" }, "Invalid"],
    [CRAB, { name: "--config=x" }, "Invalid"],
    [CRAB, { integrity: FIRST.integrity }, "sha256: and 64 hex digits"],
    [FIRST, { registry: "maven" }, "registry"],
    [FIRST, { licenses: "MIT" }, 'Unrecognized key: "licenses"'],
  ])("refuses $name with %j", (source, change, problem) =>
    expect(() => recipeOf([source], change)).toThrow(problem),
  );

  it("takes an entry without a registry for npm", () => {
    expect(recipeOf([FIRST], { registry: undefined }).packages[0]?.registry).toBe("npm");
  });

  it("accepts the recipe that is shipped", async () => {
    const path = new URL("../../../../configs/corpora/embedded.json", import.meta.url);
    const recipe = parseRecipe(JSON.parse(await readFile(path, "utf8")));
    const registries = new Set(recipe.packages.map(({ registry }) => registry));
    expect([...registries].sort()).toEqual(["crates", "npm", "pypi"]);
    expect(recipe.documentsHash).toBeDefined();
    expect(recipe.excludedPackages).toEqual([...EXCLUDED_PACKAGES]);
  });
});
