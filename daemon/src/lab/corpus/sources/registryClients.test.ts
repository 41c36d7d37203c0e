import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { writeClients } from "../../../../test/testClients.js";
import { makeCrate, makePackage, makeWheel } from "../../../../test/testTarball.js";
import { archiveName, cachedArchive } from "./archiveCache.js";

const NPM = makePackage("first", { "a.ts": "export {};\n" });
const PYPI = makeWheel("snake", { "snake/a.py": "pass\n" }, "Name: snake\nLicense-Expression: MIT\n");
const CRATE = makeCrate("crab", { "src/lib.rs": "\n" });

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "ouro-clients-"));
  await writeClients(join(folder, "bin"), [NPM, PYPI, CRATE]);
  vi.stubEnv("PATH", join(folder, "bin"));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

const signal = new AbortController().signal;
const cacheOf = () => join(folder, "cache");
const fetch = (wanted: Parameters<typeof cachedArchive>[0]["wanted"]) =>
  cachedArchive({ wanted, cache: cacheOf(), signal });
const calls = () => readFile(join(folder, "bin", "calls"), "utf8");

describe("cachedArchive", () => {
  it.each([NPM, PYPI, CRATE])("fetches from $registry once", async (wanted) => {
    const fetched = await fetch(wanted);
    expect(Buffer.compare(fetched, wanted.tarball)).toBe(0);
    await fetch(wanted);
    expect(await readdir(cacheOf())).toEqual([archiveName(wanted)]);
    expect((await calls()).trim().split("\n")).toHaveLength(1);
  });

  it("lets no client run a package's code", async () => {
    for (const wanted of [NPM, PYPI, CRATE]) await fetch(wanted);
    const [npm, pip, cargo] = (await calls()).split("\n");
    expect(npm).toContain("--ignore-scripts");
    expect(pip).toMatch(/^pip download .*--no-deps --only-binary=:all: --platform=any .*snake==1\.0\.0$/);
    expect(cargo).toMatch(/^cargo info /);
  });

  it.each([
    [NPM, "npm"],
    [PYPI, "pip"],
    [CRATE, "cargo"],
  ])("names a version of $registry that is not there", async (wanted, command) => {
    await expect(fetch({ ...wanted, version: "9.9.9" })).rejects.toThrow(
      `${command} could not fetch ${wanted.name}@9.9.9; correct the recipe if there is no such version: no such version of it`,
    );
    expect(await readdir(cacheOf())).toEqual([]);
  });

  it.each([
    [NPM, "npm", "Node.js"],
    [PYPI, "pip", "Python"],
    [CRATE, "cargo", "Rust"],
  ])("says what to install when there is no client for $registry", async (wanted, command, remedy) => {
    await mkdir(join(folder, "nothing"));
    vi.stubEnv("PATH", join(folder, "nothing"));
    await expect(fetch(wanted)).rejects.toThrow(
      new RegExp(`^the command ${command} could not be started; install ${remedy}`),
    );
  });

  it.each([NPM, PYPI, CRATE])("refuses an archive of $registry with another hash", async (wanted) => {
    const integrity = wanted.integrity.replace(/[0-9a-f]{4}/i, "0000");
    await expect(fetch({ ...wanted, integrity })).rejects.toThrow(
      `${wanted.name}@1.0.0 is not the archive that the recipe names (it has ${wanted.integrity})`,
    );
    expect(await readdir(cacheOf())).toEqual([]);
  });
});
