/** Real processes: who starts, who connects, who ends, when many of them do so at one moment. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { bundleCommand } from "../../../test/commandScript.js";
import { lockHolder } from "../../base/processLock.js";
import { compareVersions } from "../../protocol/compareVersions.js";

let script: string;
let home: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  script = await bundleCommand(new URL("../../../test/daemonChild.ts", import.meta.url));
});
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "ouro-ensure-"));
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  // A daemon that came too late finds the place free once the one that had it is killed, and takes it.
  await vi.waitFor(
    async () => {
      const holder = await lockHolder(lockFolder());
      if (holder !== undefined) process.kill(holder.pid, "SIGKILL");
      rmSync(home, { recursive: true, force: true });
    },
    { timeout: 30_000, interval: 100 },
  );
});

const lockFolder = () => join(home, "runtime", "daemon.lock");
const logText = () => readFileSync(join(home, "runtime", "log", "daemon.log"), "utf8");
const isFree = () => expect.poll(() => lockHolder(lockFolder())).toBeUndefined();

interface Options {
  readonly version?: string;
  readonly failure?: string;
  readonly readyMs?: number;
}

function launch(args: readonly string[], options: Options = {}): ChildProcess {
  const { version = "1.0.0", failure = "", readyMs = 15_000 } = options;
  const child = spawn(process.execPath, [script, ...args], {
    env: {
      ...process.env,
      OURO_HOME: home,
      OURO_TEST_VERSION: version,
      OURO_TEST_FAIL: failure,
      OURO_TEST_READY_MS: String(readyMs),
    },
  });
  children.push(child);
  return child;
}

async function run(args: readonly string[], options: Options = {}) {
  const child = launch(args, options);
  child.stdin?.end();
  if (!child.stdout || !child.stderr) throw new Error("no pipes");
  const closed = once(child, "close");
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = await closed;
  return { code, stdout, stderr, said: stdout === "" ? undefined : JSON.parse(stdout) };
}

/** An editor: what it says is echoed by the daemon. */
async function openEditor(options: Options = {}) {
  const child = launch(["lsp"], options);
  const { stdin, stdout, stderr } = child;
  if (!stdin || !stdout || !stderr) throw new Error("no pipes");
  const [pid] = await once(stderr.setEncoding("utf8"), "data");
  return {
    daemon: Number(pid),
    say: (said: string) => stdin.write(said),
    async echo(said: string) {
      stdin.write(said);
      const [heard] = await once(stdout, "data");
      expect(String(heard)).toBe(said);
    },
    leave: () => stdin.end(),
    kill: () => child.kill("SIGKILL"),
    ended: once(child, "close").then(([code]) => code),
  };
}

it("eight that start at one moment arrive at one daemon", async () => {
  const ran = await Promise.all(Array.from({ length: 8 }, () => run(["start"])));
  expect(ran.map(({ code }) => code)).toEqual(Array(8).fill(0));
  const [pid, ...others] = new Set(ran.map(({ said }) => said.pid));
  expect(others).toEqual([]);
  expect(await lockHolder(lockFolder())).toMatchObject({ pid });
  // Those who came too late are gone, and left nothing.
  await expect.poll(() => readdirSync(lockFolder())).toHaveLength(1);
});

it("a second daemon leaves the place to the first, and says so", async () => {
  await run(["start"]);
  expect(await run(["serve"])).toMatchObject({
    code: 3,
    stdout: "",
    stderr: expect.stringMatching(/runs already/),
  });
});

it("is started anew after kill -9, over its remains", async () => {
  const first = (await run(["start"])).said.pid;
  process.kill(first, "SIGKILL");
  await isFree();
  expect(existsSync(join(home, "runtime", "lsp.sock"))).toBe(true);
  const { code, said } = await run(["start"]);
  expect(code).toBe(0);
  expect(said.pid).not.toBe(first);
});

it("serves many editors, and one that is killed or leaves disturbs no other", async () => {
  const editors = await Promise.all([openEditor(), openEditor(), openEditor()]);
  expect(new Set(editors.map(({ daemon }) => daemon)).size).toBe(1);
  const [one, two, three] = editors;
  one?.kill();
  await one?.ended;
  await two?.echo("still here");
  two?.leave();
  expect(await two?.ended).toBe(0);
  await three?.echo("and here");
});

it("an editor hears of its daemon's death by the exit code, and the next one has a new daemon", async () => {
  const editor = await openEditor();
  process.kill(editor.daemon, "SIGKILL");
  expect(await editor.ended).toBe(1);
  const next = await openEditor();
  expect(next.daemon).not.toBe(editor.daemon);
  await next.echo("hello");
});

it.each(["crash", "reject"])(
  "what nobody catches (%s) ends it with its name and place in the log, not its words",
  async (how) => {
    const editor = await openEditor();
    editor.say(how);
    expect(await editor.ended).toBe(1);
    await isFree();
    expect(logText()).toContain('"crashed"');
    expect(logText()).toMatch(/"name":"Error".*"stack":\["at /);
    expect(logText()).not.toMatch(/crashed over|rejected secret/);
    expect((await run(["start"])).code).toBe(0);
  },
);

it("a newer client has its own version take over, and an older one uses that", async () => {
  const old = await openEditor({ version: "1.9.0" });
  const ran = await run(["start"], { version: "1.10.0" });
  expect(ran).toMatchObject({ code: 0, said: { version: "1.10.0" } });
  expect(ran.said.pid).not.toBe(old.daemon);
  expect(await old.ended).toBe(1);
  expect((await run(["start"], { version: "1.9.0" })).said).toEqual(ran.said);
});

it("older clients that come back meanwhile are not quicker than the newer version", async () => {
  await run(["start"], { version: "1.0.0" });
  const ran = await Promise.all(
    ["1.0.0", "2.0.0", "1.0.0", "1.0.0"].map((version) => run(["start"], { version })),
  );
  expect(ran.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
  expect(ran[1]?.said.version).toBe("2.0.0");
  const last = await run(["start"], { version: "1.0.0" });
  expect(compareVersions(last.said.version, "2.0.0")).toBe(0);
});

it("a daemon that cannot start says why through its client, and is not tried again and again", async () => {
  const { code, stderr } = await run(["start"], { failure: "the settings are bad; mend them" });
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: "ouro: the daemon could not start: the settings are bad; mend them\n",
  });
  await isFree();
});

it("stops on request, with its sockets, token and note gone; nobody to stop is no failure", async () => {
  expect((await run(["stop"])).said).toEqual({ kind: "absent" });
  const { pid } = (await run(["start"])).said;
  expect((await run(["stop"])).said).toEqual({ kind: "stopped", pid });
  await expect
    .poll(() => readdirSync(join(home, "runtime")).sort())
    .toEqual(["daemon.lock", "daemon.lock.held", "log"]);
  expect(logText()).toMatch(/"kind":"drain".*\n.*"ended"/);
});

it("ends cleanly at SIGTERM", async () => {
  const { pid } = (await run(["start"])).said;
  process.kill(pid, "SIGTERM");
  await isFree();
  expect(logText()).toMatch(/"kind":"signal".*\n.*"ended"/);
});

it("ends by itself when nobody uses it", async () => {
  const settings = {
    "ouroboros.daemon.unloadAfterMinutes": 0.01,
    "ouroboros.daemon.exitAfterMinutes": 0.02,
  };
  writeFileSync(join(home, "settings.json"), JSON.stringify(settings));
  const editor = await openEditor();
  editor.leave();
  await isFree();
  expect(logText()).toMatch(/"model freed".*\n.*"kind":"idle".*\n.*"ended"/);
});

it("waits for no daemon that hangs longer than it said", async () => {
  await run(["start"]);
  const { pid: holder } = (await lockHolder(lockFolder())) ?? {};
  if (holder === undefined) throw new Error("no daemon");
  process.kill(holder, "SIGSTOP");
  const { code, stderr } = await run(["start"], { readyMs: 500 });
  process.kill(holder, "SIGCONT");
  expect(code).toBe(1);
  expect(stderr).toMatch(
    new RegExp(`^ouro: the daemon \\(process ${holder}\\) is stopped and cannot answer; .*\n$`),
  );
});
