import { appendFileSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import {
  checkAdapter,
  commitAdapter,
  listVersions,
  pruneAdapters,
  stageAdapter,
  tensorsPath,
  versionsToKeep,
} from "./adapters.js";

let root: string;
let folder: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "ouro-adapters-"));
  folder = join(root, "checkpoint", "project");
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

async function publish(version: number, content = `tensors ${version}`): Promise<string> {
  const staged = await stageAdapter(folder, (path) => writeFile(path, content));
  await commitAdapter({
    folder,
    staged,
    manifest: {
      version,
      parent: version - 1,
      at: "2026-01-01T00:00:00.000Z",
      checkpoint: { hash: "a".repeat(64), path: null },
      vocabulary: "b".repeat(64),
      project: { id: "shop-0", name: "shop" },
      parameters: { kind: "whole" },
      corrections: ["c1"],
      lossBefore: 3,
      lossAfter: 0.1,
    },
  });
  return staged.sha256;
}

const kindOf = async (version: number, expectedSha256?: string) =>
  (await checkAdapter({ folder, version, ...(expectedSha256 ? { expectedSha256 } : {}) })).kind;

it("publishes a version with a manifest that names its digest", async () => {
  const sha256 = await publish(1);
  expect(await checkAdapter({ folder, version: 1, expectedSha256: sha256 })).toMatchObject({
    kind: "valid",
    path: tensorsPath(folder, 1),
    manifest: { version: 1, parent: 0, sha256, bytes: 9 },
  });
  expect(readdirSync(folder).sort()).toEqual(["000001.json", "000001.safetensors"]);
});

it("does not count a version without a manifest, as a crash leaves it", async () => {
  await publish(1);
  rmSync(join(folder, "000001.json"));
  expect(await kindOf(1)).toBe("corrupt");
});

it.each([
  ["a changed byte", () => appendFileSync(tensorsPath(folder, 1), "x"), "corrupt"],
  ["an empty manifest", () => writeFileSync(join(folder, "000001.json"), ""), "corrupt"],
  ["missing tensors", () => rmSync(tensorsPath(folder, 1)), "missing"],
])("does not count a version with %s", async (_name, spoil, kind) => {
  await publish(1);
  spoil();
  expect(await kindOf(1)).toBe(kind);
});

it("does not count a sound file that is not the one the journal names", async () => {
  await publish(1);
  expect(await kindOf(1, "f".repeat(64))).toBe("corrupt");
});

it("leaves nothing behind when saving fails, and names the folder", async () => {
  const staged = stageAdapter(folder, async (path) => {
    await writeFile(path, "half");
    // As the engine says it.
    throw Object.assign(new Error("disk full"), { code: "file" });
  });
  await expect(staged).rejects.toMatchObject({
    code: "adapter-write",
    message: expect.stringMatching(/project \(disk full\)/),
  });
  expect(readdirSync(folder)).toEqual([]);
});

it("prunes what is not kept, staged files included, and nothing foreign", async () => {
  for (const version of [1, 2, 3]) await publish(version);
  const staged = await stageAdapter(folder, (path) => writeFile(path, "left by a crash"));
  writeFileSync(join(folder, "notes.txt"), "");
  await pruneAdapters(folder, new Set([2]));
  expect(existsSync(staged.path)).toBe(false);
  expect(readdirSync(folder).sort()).toEqual(["000002.json", "000002.safetensors", "notes.txt"]);
  expect(await listVersions(folder)).toEqual([2]);
});

it("lists nothing where nothing was learned", async () => {
  expect(await listVersions(folder)).toEqual([]);
  await pruneAdapters(folder, new Set());
});

it("keeps the newest versions of a line and sparse snapshots before them", () => {
  const line = Array.from({ length: 40 }, (_, index) => 2 * index + 1);
  expect([...versionsToKeep(line)].sort((a, b) => a - b)).toEqual([31, 63, 65, 67, 69, 71, 73, 75, 77, 79]);
  expect(versionsToKeep([])).toEqual(new Set());
});
