import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Where } from "./assistant.js";
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

const find = async (file: string | null, folder: string | null, rest: Partial<Where> = {}) => {
  const { project, path } = await resolver.placeOf({
    file: file && join(root, file),
    folder: folder && join(root, folder),
    ...rest,
  });
  return [project?.folder.slice(root.length + 1), path];
};
const among = (...folders: readonly string[]) => ({ among: folders.map((folder) => join(root, folder)) });

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

it("is the open folder of a link that leads out of it, by the names that lead there", async () => {
  mkdirSync(join(root, "away"));
  symlinkSync(join(root, "away"), join(root, "plain", "linked"), "dir");
  expect(await find("plain/linked/a.ts", "plain")).toEqual(["plain", "linked/a.ts"]);
});

it("is the open folder that a link leads to, under the file's one name", async () => {
  symlinkSync(join(root, "plain"), join(root, "link"), "dir");
  mkdirSync(join(root, "plain", "src", "deep"));
  const byLink = await find("link/src/deep/a.ts", "link");
  expect(byLink).toEqual(["plain", "src/deep/a.ts"]);
  expect(await find("plain/src/deep/a.ts", null, among("home", "link"))).toEqual(byLink);
  expect(await find("link/src/deep/a.ts", null, among("plain"))).toEqual(byLink);
});

it("is none, for what is no file, where it could be one of several", async () => {
  expect(await find(null, null, among("clone", "plain"))).toEqual([undefined, "src/main.ts"]);
  expect(await find(null, null, among("plain", "gone"))).toEqual([undefined, "src/main.ts"]);
  expect(await find(null, null, among())).toEqual([undefined, "src/main.ts"]);
});

it("is the one project that all open folders belong to", async () =>
  expect(await find(null, null, among("clone", "clone/src"))).toEqual(["clone", "src/main.ts"]));

it("says which folders it could be, and the way out, where it is not known", async () => {
  const where = { file: null, folder: null };
  await expect(resolver.surePlaceOf({ ...where, ...among("clone", "plain") })).rejects.toMatchObject({
    code: "project-unclear",
    message: expect.stringMatching(/open folders this belongs to \(clone, plain\); save it in one of them/),
  });
  await expect(resolver.surePlaceOf({ ...where, ...among() })).rejects.toMatchObject({
    code: "project-unclear",
    message: expect.stringMatching(/no file of a folder on this machine.*; save it in one/),
  });
});

it("names a document by its language where its name says none", async () => {
  const python = { language: "python" };
  expect(await find(null, "plain", python)).toEqual(["plain", "src/main.py"]);
  expect(await find("plain/lab.ipynb", "plain", python)).toEqual(["plain", "lab.py"]);
  expect(await find("plain/src/a.ts", "plain", python)).toEqual(["plain", "src/a.ts"]);
});

it("notices before long that a folder has become a clone", async () => {
  expect(await find("plain/src/a.ts", null)).toEqual(["plain/src", "a.ts"]);
  mkdirSync(join(root, "plain", ".git"));
  nowMs = 60_000;
  expect(await find("plain/src/a.ts", null)).toEqual(["plain", "src/a.ts"]);
});
