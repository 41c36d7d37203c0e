import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { dirname, join } from "node:path";
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
  rmSync(`${folder}.held`, { force: true });
});

const take = () =>
  takeLock({ folder, busy: ({ pid, name }) => Object.assign(new Error(`held by ${name}`), { pid }) });

/** `before`: a program that runs it, with its own arguments. */
function start(...before: readonly string[]): {
  readonly child: ChildProcess;
  readonly said: Promise<string>;
} {
  const [program = "", ...args] = [...before, process.execPath, script, folder];
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
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
  await expect(take()).rejects.toMatchObject({ pid: child.pid, message: `held by process ${child.pid}` });
  await killed(child);
  expect(await lockHolder(folder)).toBeUndefined();
  const lock = await take();
  expect(await lockHolder(folder)).toMatchObject({ pid: process.pid });
  expect(await lock.isHeld()).toBe(true);
  await lock.release();
  await lock.release();
  expect(await lock.isHeld()).toBe(false);
  expect(await lockHolder(folder)).toBeUndefined();
  // For older versions.
  expect(readdirSync(folder)).toEqual([]);
});

it("never lets two of many simultaneous contenders hold it", async () => {
  let held = 0;
  for (let round = 0; round < 5; round++) {
    const contenders = Array.from({ length: 4 }, () => start());
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

it("is held by an older version, whose lock is a name in the folder, and seen by it", async () => {
  const lock = await take();
  // As the older version held it in this process.
  const [name = ""] = readdirSync(folder);
  expect(name).toMatch(new RegExp(`^${process.pid}\\..+\\..+$`));
  await lock.release();
  writeFileSync(join(folder, `${name}0`), "");
  expect(await lockHolder(folder)).toMatchObject({ pid: process.pid });
  await expect(take()).rejects.toMatchObject({ pid: process.pid });
  rmSync(join(folder, `${name}0`));
  await (await take()).release();
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
  expect(await lockHolder(folder)).toMatchObject({ pid });
  process.kill(pid, "SIGKILL");
  await expect.poll(() => lockHolder(folder)).toBeUndefined();
  expect(readFileSync(`/proc/${pid}/stat`, "utf8")).toContain(") Z ");
  await (await take()).release();
});

/** A process is the first in a namespace of its own, so its process id is another's outside. Root alone may make one. */
const NAMESPACE = ["unshare", "--pid", "--fork", "--mount-proc"];
const hasNamespaces = spawnSync("unshare", [...NAMESPACE.slice(1), "true"]).status === 0;

it.runIf(hasNamespaces)("is held across process namespaces, and says where its holder is", async () => {
  const inside = start(...NAMESPACE);
  expect(await inside.said).toBe("held");
  const elsewhere = `held by process 1 in another container, ${hostname()}`;
  await expect(take()).rejects.toMatchObject({ message: elsewhere });
  // Another one inside is no wiser by the process ids that it sees.
  expect(await start(...NAMESPACE).said).toBe("busy");
  expect(await start().said).toBe("busy");
  // The namespace ends with its first process.
  const pid = Number(readFileSync(`/proc/${inside.child.pid}/task/${inside.child.pid}/children`, "utf8"));
  process.kill(pid, "SIGKILL");
  await expect.poll(() => lockHolder(folder)).toBeUndefined();
  const lock = await take();
  expect(await start(...NAMESPACE).said).toBe("busy");
  expect(await lock.isHeld()).toBe(true);
  await lock.release();
});

it("is another machine's until that has been silent for long, whatever its process id", async () => {
  const lock = await take();
  const path = `${folder}.held`;
  const own = JSON.parse(readFileSync(path, "utf8"));
  await lock.release();
  writeFileSync(path, JSON.stringify({ ...own, id: "theirs", pid: 999_999_999, boot: "other", host: "box" }));
  expect(await lockHolder(folder)).toMatchObject({ name: "process 999999999 on box" });
  await expect(take()).rejects.toThrow("held by process 999999999 on box");
  expect(readFileSync(path, "utf8")).toContain("theirs");
  const longAgo = new Date(Date.now() - 60_000);
  utimesSync(path, longAgo, longAgo);
  expect(await lockHolder(folder)).toBeUndefined();
  await (await take()).release();
});

it("is lost with its folder, and then leaves alone what is another's", async () => {
  folder = join(folder, "lock");
  const first = await take();
  renameSync(dirname(folder), `${dirname(folder)}-moved`);
  expect(await first.isHeld()).toBe(false);
  mkdirSync(dirname(folder));
  const second = await take();
  expect(await first.isHeld()).toBe(false);
  await expect(first.lost).resolves.toBeUndefined();
  await first.release();
  expect(await second.isHeld()).toBe(true);
  expect(await lockHolder(folder)).toMatchObject({ pid: process.pid });
  await second.release();
  rmSync(`${dirname(folder)}-moved`, { recursive: true });
  folder = dirname(folder);
});

it.runIf(process.platform === "linux")("is no child's to keep", async () => {
  const lock = await take();
  const child = spawn("sleep", ["60"], { stdio: "ignore" });
  children.push(child);
  await lock.release();
  expect(await lockHolder(folder)).toBeUndefined();
  await (await take()).release();
});

it("refuses a lock file that is none", async () => {
  mkdirSync(`${folder}.held`);
  await expect(take()).rejects.toMatchObject({
    code: "lock-refused",
    message: expect.stringContaining(`${folder}.held`),
  });
  rmSync(`${folder}.held`, { recursive: true });
});
