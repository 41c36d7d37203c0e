import { existsSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { makeFolder } from "./makeFolder.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ouro-folder-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("makes all that is missing, each with its mode, and leaves what is there", async () => {
  const path = join(folder, "a", "b", "c");
  await Promise.all(Array.from({ length: 8 }, () => makeFolder(path, 0o700)));
  await makeFolder(path, 0o755);
  if (process.platform !== "win32") expect(statSync(path).mode & 0o777).toBe(0o700);
  expect(existsSync(path)).toBe(true);
});

test.runIf(process.platform !== "win32")("a link to a folder is one, a link to nowhere is not", async () => {
  symlinkSync(folder, join(folder, "link"));
  symlinkSync("/nowhere/at/all", join(folder, "loose"));
  await makeFolder(join(folder, "link", "x"));
  expect(existsSync(join(folder, "x"))).toBe(true);
  await expect(makeFolder(join(folder, "loose"))).rejects.toMatchObject({ code: "EEXIST" });
  await expect(makeFolder(join(folder, "loose", "x"))).rejects.toMatchObject({ code: "EEXIST" });
});

test("a file on the way or in its place fails as the system says", async () => {
  writeFileSync(join(folder, "file"), "");
  await expect(makeFolder(join(folder, "file"))).rejects.toMatchObject({ code: "EEXIST" });
  const code = process.platform === "win32" ? "ENOENT" : "ENOTDIR";
  await expect(makeFolder(join(folder, "file", "x", "y"))).rejects.toMatchObject({ code });
});

test.runIf(process.platform === "linux")(
  "where nothing can be made, it fails and does not try for ever",
  async () => {
    await expect(makeFolder("/proc/ouroboros/x")).rejects.toMatchObject({ code: "ENOENT" });
  },
);
