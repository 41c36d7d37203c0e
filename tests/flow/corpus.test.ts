/** `ouro corpus build` as a person meets it, with stand-ins for the registries' clients. POSIX only, as those are. */

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeClients } from "../../daemon/test/testClients.js";
import {
  type MadePackage,
  makeCrate,
  makePackage,
  makeWheel,
  sampleCode,
} from "../../daemon/test/testTarball.js";
import { runCli, scratchFolder } from "./support/cli.js";

const scratch = scratchFolder();
const at = (...names: readonly string[]) => join(scratch.path, ...names);
const PACKAGES = [
  makePackage("first", { "src/a.ts": sampleCode(1), "src/b.ts": sampleCode(2), "dist/a.js": sampleCode(1) }),
  makeWheel("snake", { "snake/a.py": sampleCode(3) }, "License-Expression: MIT\n"),
  makeCrate("crab", { "src/lib.rs": sampleCode(4) }),
];

beforeAll(async () => {
  await writeClients(at("bin"), PACKAGES);
  mkdirSync(at("mine"));
  writeFileSync(at("mine", "package.json"), '{ "license": "MIT" }');
  writeFileSync(at("mine", "a.ts"), sampleCode(5));
});
afterAll(scratch.remove);

const MINE = { folder: "mine", name: "mine", licence: "MIT", include: ["**"] };

/** Writes a recipe of `packages` and returns its path. */
function recipe(name: string, packages: readonly object[], change: object = {}): string {
  const path = at(`${name}.json`);
  const about = { name, description: "for a test", exclude: [], excludedPackages: [], validEvery: 1_000_000 };
  writeFileSync(path, JSON.stringify({ ...about, packages, ...change }));
  return path;
}

function entry({ tarball: _, ...source }: MadePackage, change: object = {}): object {
  return { ...source, ...change };
}

const build = (path: string, ...more: readonly string[]) =>
  runCli({
    args: ["corpus", "build", path, ...more],
    home: scratch.path,
    environment: { PATH: `${at("bin")}:${process.env.PATH}` },
  });

describe("ouro corpus build", () => {
  const ALL = [...PACKAGES.map((source) => entry(source)), MINE];

  test("builds from every registry and a folder, and builds the same again from nothing", async () => {
    const path = recipe("all", ALL);
    const first = await build(path, "--json", "--output", at("one"));
    expect(first.code).toBe(0);
    const result = JSON.parse(first.stdout);
    expect(result).toMatchObject({ reproduced: null, documents: 5 });
    const again = await build(path, "--output", at("two"));
    expect(again.stdout).toContain(`documents ${result.documentsHash}\n`);
    expect(readFileSync(at("two", "manifest.json"))).toEqual(readFileSync(at("one", "manifest.json")));
    expect(readdirSync(at("one"))).toEqual(["attribution.md", "cache", "documents.jsonl", "manifest.json"]);

    const pinned = await build(recipe("all", ALL, { documentsHash: result.documentsHash }));
    expect(pinned).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`${result.documentsHash}, as the recipe expects`),
    });
  });

  test("says so when the documents are not those that the recipe expects", async () => {
    const path = recipe("other", [MINE], { documentsHash: "0".repeat(64) });
    const { code, stdout, stderr } = await build(path, "--json");
    const { reproduced, documentsHash } = JSON.parse(stdout);
    expect({ code, reproduced }).toEqual({ code: 1, reproduced: false });
    expect(stderr).toContain(`the corpus is not the one that ${path} expects`);
    expect(stderr).toContain(`set it to ${documentsHash}`);
  });

  const [npm, pypi, crates] = PACKAGES;
  if (npm === undefined || pypi === undefined || crates === undefined) throw new Error("three were made");
  test.each([
    ["a package that is not there", entry(npm, { version: "9.9.9" }), "npm could not fetch first@9.9.9"],
    ["a wheel that is not there", entry(pypi, { version: "9.9" }), "pip could not fetch snake@9.9"],
    ["another licence", entry(crates, { licence: "MIT" }), 'crab@1.0.0 is under "MIT OR Apache-2.0"'],
    [
      "another hash",
      entry(pypi, { integrity: `sha256:${"0".repeat(64)}` }),
      "snake@1.0.0 is not the archive",
    ],
    ["an evaluation project", entry(pypi, { name: "Werkzeug" }), "is kept out of every corpus"],
    ["a misspelled key", entry(npm, { licences: "MIT" }), 'Unrecognized key: "licences"'],
    ["a folder that is not there", { ...MINE, folder: "yours" }, `there is no folder ${at("yours")}`],
  ])("names %s, and leaves no corpus", async (name, source, problem) => {
    const { code, stdout, stderr } = await build(recipe("bad", [source]), "--output", at("bad", name));
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(problem);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  test("Ctrl-C keeps what was fetched and the corpus that was there", async () => {
    const slow = makePackage("slow", { "a.ts": sampleCode(6) });
    await build(recipe("stopped", [entry(npm)]), "--output", at("stopped"));
    const before = readFileSync(at("stopped", "documents.jsonl"));
    const ran = await runCli({
      args: ["corpus", "build", recipe("stopped", [entry(slow), entry(npm)]), "--output", at("stopped")],
      home: scratch.path,
      environment: { PATH: `${at("bin")}:${process.env.PATH}` },
      interruptWhen: /slow@1\.0\.0/,
    });
    expect(ran.code).toBe(130);
    expect(ran.stderr).toContain("What was fetched is kept");
    expect(readdirSync(at("stopped", "cache"))).toEqual(["first-1.0.0.tgz"]);
    expect(readFileSync(at("stopped", "documents.jsonl"))).toEqual(before);
    expect(readdirSync(at("stopped"))).toEqual([
      "attribution.md",
      "cache",
      "documents.jsonl",
      "manifest.json",
    ]);
  });
});
