import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkIdentity } from "./modelIdentity.js";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ouro-identity-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const check = (changed: object = {}) =>
  checkIdentity({
    checkpoint: join(folder, "model.safetensors"),
    modelHash: "aa",
    vocabularyPath: join(folder, "vocab.txt"),
    vocabularyHash: "bb",
    ...changed,
  });

describe("a model's files", () => {
  test("are taken as they are where nothing is said of them", async () => {
    await expect(check()).resolves.toBeUndefined();
    await writeFile(join(folder, "config.json"), "{}");
    await expect(check()).resolves.toBeUndefined();
  });

  test("must be the ones that config.json names", async () => {
    await writeFile(join(folder, "config.json"), JSON.stringify({ modelHash: "aa", vocabularyHash: "bb" }));
    await check();
    await expect(check({ modelHash: "cc" })).rejects.toThrow(/model\.safetensors is not the file that/);
    await expect(check({ vocabularyHash: "cc" })).rejects.toThrow(/vocab\.txt is not the file that/);
    // A vocabulary from elsewhere is somebody's choice, which findVocabulary judges.
    await check({ vocabularyPath: "/elsewhere/vocab.txt", vocabularyHash: "cc" });
  });
});
