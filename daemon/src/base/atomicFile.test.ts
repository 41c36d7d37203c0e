import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { sweepTemporaries } from "./atomicFile.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ouro-atomic-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it("sweeps what killed writers left behind, and nothing that is young or another's", async () => {
  const left = ["daemon.json.0123456789ab.tmp", "catalog.json.aaaaaaaaaaaa.tmp", "0f3c.tmp"];
  const others = ["notes.tmp", "daemon.json", "daemon.json.0123.tmp", "x.0123456789ab.tmp.txt"];
  const old = new Date(Date.now() - 3_600_000);
  for (const name of [...left, ...others]) {
    writeFileSync(join(folder, name), "");
    utimesSync(join(folder, name), old, old);
  }
  writeFileSync(join(folder, "token.0123456789ab.tmp"), "");
  await sweepTemporaries(folder);
  expect(readdirSync(folder).sort()).toEqual([...others, "token.0123456789ab.tmp"].sort());
  await sweepTemporaries(join(folder, "missing"));
});
