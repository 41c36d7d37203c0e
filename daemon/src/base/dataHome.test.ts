import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { locateDataHome, prepareDataHome } from "./dataHome.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ouro-home-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it("lives where OURO_HOME says", () => {
  expect(locateDataHome({ OURO_HOME: folder }).root).toBe(folder);
});

it("makes a relative OURO_HOME absolute", () => {
  expect(locateDataHome({ OURO_HOME: "some/where" }).root).toBe(resolve("some/where"));
});

it.each([undefined, ""])("takes the platform's place when OURO_HOME is %j", (value) => {
  expect(locateDataHome({ OURO_HOME: value }).root).toMatch(/ouroboros/);
});

it("locating touches nothing", () => {
  const home = locateDataHome({ OURO_HOME: join(folder, "new") });
  expect(existsSync(home.root)).toBe(false);
});

it("creates private folders, and preparing twice changes nothing", async () => {
  const home = locateDataHome({ OURO_HOME: join(folder, "deep", "new") });
  await prepareDataHome(home);
  await prepareDataHome(home);
  expect(statSync(home.journal).isDirectory()).toBe(true);
  if (process.platform !== "win32") expect(statSync(home.journal).mode & 0o777).toBe(0o700);
});

it("says in one sentence that a home which is a file cannot be written", async () => {
  const file = join(folder, "file");
  writeFileSync(file, "");
  await expect(prepareDataHome(locateDataHome({ OURO_HOME: file }))).rejects.toMatchObject({
    code: "home-unwritable",
    message: expect.stringMatching(/^cannot write to .*file.*OURO_HOME/),
  });
});

it.skipIf(process.platform === "win32")("closes a home and a journal that are open to others", async () => {
  const home = locateDataHome({ OURO_HOME: folder });
  await prepareDataHome(home);
  for (const open of [home.root, home.journal, home.adapters]) chmodSync(open, 0o777);
  await prepareDataHome(home);
  for (const closed of [home.root, home.journal, home.adapters]) {
    expect(statSync(closed).mode & 0o777).toBe(0o700);
  }
  chmodSync(home.root, 0o1777);
  await prepareDataHome(home);
  expect(statSync(home.root).mode & 0o7777).toBe(0o1777);
});
