import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { ProjectResolver } from "./projectResolver.js";

let root: string;
let nowMs: number;
let resolver: ProjectResolver;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "ouro-where-")));
  for (const folder of ["clone/.git", "clone/src", "plain/src", "home"]) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  nowMs = 0;
  resolver = new ProjectResolver({ homeFolder: join(root, "home"), nowMs: () => nowMs });
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const find = async (file: string | null, folder: string | null) => {
  const { project, path } = await resolver.placeOf({
    file: file && join(root, file),
    folder: folder && join(root, folder),
  });
  return [project.folder.slice(root.length + 1), path];
};

it.each([
  ["the clone that the file lies in", "clone/src/a.ts", "clone/src", ["clone", "src/a.ts"]],
  ["the open folder, without git", "plain/src/a.ts", "plain", ["plain", "src/a.ts"]],
  ["the file's own folder, outside of the open one", "plain/src/a.ts", "clone", ["plain/src", "a.ts"]],
  ["the file's own folder, where none is open", "plain/src/a.ts", null, ["plain/src", "a.ts"]],
  ["the open folder, for what is no file", null, "plain", ["plain", "src/main.ts"]],
  ["the clone around the open folder, for what is no file", null, "clone/src", ["clone", "src/main.ts"]],
  ["the data home, for what belongs nowhere", null, null, ["home", "src/main.ts"]],
  [
    "the clone of a file whose folder does not exist yet",
    "clone/new/deep/a.ts",
    null,
    ["clone", "new/deep/a.ts"],
  ],
])("is %s", async (_name, file, folder, expected) => expect(await find(file, folder)).toEqual(expected));

it("names a file that was opened through a symbolic link without leaving the project", async () => {
  symlinkSync(join(root, "clone"), join(root, "link"), "dir");
  expect(await find("link/src/a.ts", "link")).toEqual(["clone", "src/a.ts"]);
});

it("notices before long that a folder has become a clone", async () => {
  expect(await find("plain/src/a.ts", null)).toEqual(["plain/src", "a.ts"]);
  mkdirSync(join(root, "plain", ".git"));
  nowMs = 60_000;
  expect(await find("plain/src/a.ts", null)).toEqual(["plain", "src/a.ts"]);
});
