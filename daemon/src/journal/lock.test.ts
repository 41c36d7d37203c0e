import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { bundleScript } from "../../test/childScript.js";
import { takeLock } from "./lock.js";

let script: string;
let folder: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  script = await bundleScript(new URL("../../test/lockChild.ts", import.meta.url));
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ouro-lock-"));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

function start(): { readonly child: ChildProcess; readonly said: Promise<string> } {
  const child = spawn(process.execPath, [script, folder], { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  const said = new Promise<string>((resolve) => {
    child.stdout?.setEncoding("utf8").once("data", (text: string) => resolve(text.trim()));
  });
  return { child, said };
}

function killed(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null) resolve();
    child.once("close", () => resolve());
    child.kill("SIGKILL");
  });
}

it("refuses while another process holds it and lets in after kill -9", async () => {
  const { child, said } = start();
  expect(await said).toBe("held");
  await expect(takeLock(folder)).rejects.toMatchObject({ code: "journal-busy" });
  await killed(child);
  const lock = await takeLock(folder);
  expect(readdirSync(folder)).toHaveLength(1);
  await lock.release();
  await lock.release();
  expect(readdirSync(folder)).toEqual([]);
});

it("never lets two of many simultaneous contenders hold it", async () => {
  for (let round = 0; round < 5; round++) {
    const contenders = Array.from({ length: 4 }, start);
    const said = await Promise.all(contenders.map((contender) => contender.said));
    expect(said.filter((word) => word === "held").length).toBeLessThanOrEqual(1);
    expect(said.every((word) => word === "held" || word === "journal-busy")).toBe(true);
    await Promise.all(contenders.map((contender) => killed(contender.child)));
    await (await takeLock(folder)).release();
  }
});

it("passes over names of processes that are gone, and of no process", async () => {
  writeFileSync(join(folder, "999999999.00000000-1.abc"), "");
  writeFileSync(join(folder, "noise"), "");
  await (await takeLock(folder)).release();
  expect(readdirSync(folder)).toEqual([]);
});

it.runIf(process.platform === "linux")("is not fooled by a process id that was given again", async () => {
  writeFileSync(join(folder, `${process.pid}.00000000-1.abc`), "");
  await (await takeLock(folder)).release();
});
