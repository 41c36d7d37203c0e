import { mkdtemp, readFile, rename, rm, utimes, writeFile } from "node:fs/promises";
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

/** A minute after all files here were written. */
const openLater = (path: string) => openFileHashes(path, () => Date.now() + 60_000);

describe("a file's hash", () => {
  test("is of its bytes, and computed once while size and times stay", async () => {
    const first = await openLater(store).hashOf(path);
    expect(first).toBe(await hashFile(path));
    await writeFile(store, (await readFile(store, "utf8")).replace(first, "remembered"));
    expect(await openLater(store).hashOf(path)).toBe("remembered");
  });

  test("is computed anew when bytes have changed under the same size and time", async () => {
    const time = new Date("2026-01-01T00:00:00Z");
    await utimes(path, time, time);
    const first = await openLater(store).hashOf(path);
    await writeFile(path, "two");
    await utimes(path, time, time);
    expect(await openLater(store).hashOf(path)).not.toBe(first);
    const second = await openLater(store).hashOf(path);
    await writeFile(`${path}.next`, "six");
    await utimes(`${path}.next`, time, time);
    await rename(`${path}.next`, path);
    expect(await openLater(store).hashOf(path)).not.toBe(second);
  });

  test("is not remembered while the file may still be written", async () => {
    const first = await openFileHashes(store).hashOf(path);
    expect(first).toBe(await hashFile(path));
    await expect(readFile(store)).rejects.toThrow();
  });

  test("is computed anew when the file has changed, and when the store is damaged", async () => {
    const hashes = openLater(store);
    const first = await hashes.hashOf(path);
    await writeFile(path, "three");
    const second = await hashes.hashOf(path);
    expect(second).not.toBe(first);
    await writeFile(store, "{");
    expect(await hashes.hashOf(path)).toBe(second);
    expect(JSON.parse(await readFile(store, "utf8"))).toHaveLength(1);
  });

  test("of a part of it is another one", async () => {
    const hashes = openLater(store);
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
