import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { projectOf } from "./project.js";

let root: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "ouro-project-")));
  mkdirSync(join(root, "My Shop", "src", "deep"), { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

it.each([
  ["a clone", () => mkdirSync(join(root, "My Shop", ".git"))],
  ["a linked work tree", () => writeFileSync(join(root, "My Shop", ".git"), "gitdir: elsewhere\n")],
])("is the root of %s, from any folder in it", async (_name, makeGit) => {
  makeGit();
  const fromRoot = await projectOf(join(root, "My Shop"));
  expect(fromRoot).toMatchObject({ name: "My Shop", folder: join(root, "My Shop") });
  expect(fromRoot.id).toMatch(/^my-shop-[0-9a-f]{12}$/);
  expect(await projectOf(join(root, "My Shop", "src", "deep"))).toEqual(fromRoot);
});

it("is the folder itself outside git", async () => {
  expect((await projectOf(join(root, "My Shop", "src"))).folder).toBe(join(root, "My Shop", "src"));
});

it("is the same through a symbolic link", async () => {
  symlinkSync(join(root, "My Shop"), join(root, "link"), "dir");
  expect(await projectOf(join(root, "link", "src"))).toEqual(await projectOf(join(root, "My Shop", "src")));
});

it("differs between folders of one name", async () => {
  mkdirSync(join(root, "other", "src"), { recursive: true });
  const one = await projectOf(join(root, "My Shop", "src"));
  const other = await projectOf(join(root, "other", "src"));
  expect(one.name).toBe(other.name);
  expect(one.id).not.toBe(other.id);
});
