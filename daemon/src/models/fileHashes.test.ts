import { mkdtemp, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { hashFile } from "../base/atomicFile.js";
import { openFileHashes } from "./fileHashes.js";

let folder = "";
let store = "";
let path = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "ouro-hashes-"));
  store = join(folder, "hashes.json");
  path = join(folder, "model.safetensors");
  await writeFile(path, "one");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe("a file's hash", () => {
  test("is of its bytes, and computed once while size and time stay", async () => {
    const first = await openFileHashes(store).hashOf(path);
    expect(first).toBe(await hashFile(path));
    const time = new Date("2026-01-01T00:00:00Z");
    await utimes(path, time, time);
    await openFileHashes(store).hashOf(path);
    await writeFile(path, "two");
    await utimes(path, time, time);
    // The same size and time: taken for the same file, which shows that it is not read.
    expect(await openFileHashes(store).hashOf(path)).toBe(first);
  });

  test("is computed anew when the file has changed, and when the store is damaged", async () => {
    const hashes = openFileHashes(store);
    const first = await hashes.hashOf(path);
    await writeFile(path, "three");
    const second = await hashes.hashOf(path);
    expect(second).not.toBe(first);
    await writeFile(store, "{");
    expect(await hashes.hashOf(path)).toBe(second);
    expect(JSON.parse(await readFile(store, "utf8"))).toHaveLength(1);
  });

  test("of a part of it is another one", async () => {
    const hashes = openFileHashes(store);
    let computed = 0;
    const part = { name: "vocabulary", compute: () => `part ${++computed}` };
    expect(await hashes.hashOf(path, part)).toBe("part 1");
    expect(await hashes.hashOf(path, part)).toBe("part 1");
    expect(await hashes.hashOf(path)).toBe(await hashFile(path));
  });

  test("of a file that is not there says so", async () => {
    await expect(openFileHashes(store).hashOf(join(folder, "none"))).rejects.toMatchObject({
      code: "checkpoint-missing",
    });
  });
});
