import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { bundleScript } from "../../test/childScript.js";
import { lockHolder, takeLock } from "./processLock.js";

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

const take = () =>
  takeLock({ folder, busy: (holder) => Object.assign(new Error(`held by ${holder}`), { holder }) });

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
  await expect(take()).rejects.toMatchObject({ holder: child.pid });
  await killed(child);
  expect(await lockHolder(folder)).toBeUndefined();
  const lock = await take();
  expect(await lockHolder(folder)).toBe(process.pid);
  expect(readdirSync(folder)).toHaveLength(1);
  await lock.release();
  await lock.release();
  expect(readdirSync(folder)).toEqual([]);
});

it("never lets two of many simultaneous contenders hold it", async () => {
  let held = 0;
  for (let round = 0; round < 5; round++) {
    const contenders = Array.from({ length: 4 }, start);
    const said = await Promise.all(contenders.map((contender) => contender.said));
    const holders = said.filter((word) => word === "held").length;
    expect(holders).toBeLessThanOrEqual(1);
    held += holders;
    expect(said.every((word) => word === "held" || word === "busy")).toBe(true);
    await Promise.all(contenders.map((contender) => killed(contender.child)));
    await (await take()).release();
  }
  // All may step back before each other, but not every time.
  expect(held).toBeGreaterThan(0);
});

it("tells the holder from those who contend for it", async () => {
  const { child, said } = start();
  expect(await said).toBe("held");
  // As contenders of this process leave them for a moment: only a name of a living process counts.
  const elsewhere = join(folder, "elsewhere");
  const other = await takeLock({ folder: elsewhere, busy: () => new Error("nobody contends there") });
  const [name = ""] = readdirSync(elsewhere);
  await other.release();
  for (let contender = 0; contender < 20; contender++) writeFileSync(join(folder, `${name}${contender}`), "");
  expect(await lockHolder(folder)).toBe(child.pid);
  await expect(take()).rejects.toMatchObject({ holder: child.pid });
});

it("says that a lock which nobody ever took is free", async () => {
  expect(await lockHolder(join(folder, "none"))).toBeUndefined();
});

it("passes over names of processes that are gone, and of no process", async () => {
  writeFileSync(join(folder, "999999999.00000000-1.abc"), "");
  writeFileSync(join(folder, "noise"), "");
  await (await take()).release();
  expect(readdirSync(folder)).toEqual([]);
});

it.runIf(process.platform === "linux")("is not fooled by a process id that was given again", async () => {
  writeFileSync(join(folder, `${process.pid}.00000000-1.abc`), "");
  expect(await lockHolder(folder)).toBeUndefined();
  await (await take()).release();
});

it.runIf(process.platform === "linux")("is let go by a dead process that nobody has buried", async () => {
  // The shell becomes a program that never asks how its child ended.
  const shell = 'node "$0" "$1" & echo $!; exec sleep 1000';
  const parent = spawn("sh", ["-c", shell.replace("node", process.execPath), script, folder], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(parent);
  let said = "";
  for await (const text of parent.stdout.setEncoding("utf8")) {
    said += text;
    if (said.includes("held")) break;
  }
  const pid = Number(/\d+/.exec(said)?.[0]);
  expect(await lockHolder(folder)).toBe(pid);
  process.kill(pid, "SIGKILL");
  await expect.poll(() => lockHolder(folder)).toBeUndefined();
  expect(readFileSync(`/proc/${pid}/stat`, "utf8")).toContain(") Z ");
  await (await take()).release();
});
