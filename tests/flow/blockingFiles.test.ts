/**
 * A pipe where a file should be: every command says so in one sentence and ends; none waits. And what waits for its
 * input, or would not come to a safe point, ends when it is told to.
 */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { locateDataHome } from "../../daemon/src/base/dataHome.js";
import { locateRuntime, platformOf } from "../../daemon/src/transport/daemon/runtimeFolder.js";
import { createHttpClient } from "../../daemon/src/transport/http/httpClient.js";
import { bin, type Ran, runCli, scratchFolder } from "./support/cli.js";

const scratch = scratchFolder();
const folder = scratch.path;
const home = join(folder, "ouro-home");
const onUnix = process.platform !== "win32";
/** Of a command that says why it cannot go on; a waiting one would take for ever. */
const AT_ONCE_MS = 10_000;

beforeAll(() => {
  mkdirSync(home, { recursive: true });
  writeFileSync(join(folder, "a.ts"), "const a = 1;\n");
  if (onUnix) execFileSync("mkfifo", [join(folder, "pipe"), join(folder, "pipe.jsonl")]);
});
afterAll(scratch.remove);

/** Killed where it does not end by itself: its code is null then. */
async function endsAtOnce(
  args: readonly string[],
  environment?: Readonly<Record<string, string>>,
): Promise<Ran> {
  const startedAt = performance.now();
  const isLate = () => performance.now() - startedAt > AT_ONCE_MS;
  return await runCli({ args, home: folder, killWhen: isLate, ...(environment && { environment }) });
}

function expectSentence({ code, stdout, stderr }: Ran, sentence: RegExp): void {
  expect({ code, stdout, stderr }).toEqual({ code: 1, stdout: "", stderr: expect.stringMatching(sentence) });
  expect(
    stderr
      .trimEnd()
      .split("\n")
      .filter((line) => line.startsWith("ouro: ")),
  ).toHaveLength(1);
  expect(stderr).not.toMatch(/\n\s+at |should not have happened/);
}

describe.runIf(onUnix)("a pipe in a file's place is refused at once", () => {
  test.each([
    ["complete --file pipe"],
    ["teach --file pipe --wanted b"],
    ["complete x --model pipe"],
    ["train pipe.jsonl"],
    ["train pretrain --config pipe"],
    ["corpus build ./pipe"],
    ["model use pipe"],
    ["model info pipe"],
    ["model import pipe"],
    ["model convert pipe out.safetensors --to safetensors"],
    ["model verify pipe pipe"],
  ])("ouro %s", async (line) => {
    expectSentence(await endsAtOnce(line.split(" ")), /pipe/);
  });

  test.each([["catalog.json"], ["runtime/token"], ["runtime/log/stderr.txt"]])("as %s", async (name) => {
    const path = join(home, name);
    rmSync(home, { recursive: true, force: true });
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    execFileSync("mkfifo", ["-m", "600", path]);
    expectSentence(await endsAtOnce(["start"]), new RegExp(`${name}.*(remove|not a file)`));
  });
});

describe.runIf(onUnix)("a data home that cannot be made ends in one sentence", () => {
  const places = [join(folder, "a.ts", "home"), join(folder, "a.ts"), "/dev/null/home"];
  // Where nothing can be made although the folder above is there, Node's own mkdir never comes back.
  if (process.platform === "linux") places.push("/proc/ouroboros");
  const commands = [
    "complete x",
    "teach x --wanted y",
    "learned",
    "start",
    "serve",
    "lsp",
    "model info",
    "train t.jsonl",
  ];

  test.each(places)("at %s", { timeout: 60_000 }, async (place) => {
    writeFileSync(join(folder, "t.jsonl"), '{"text":"const a = 1;"}\n');
    for (const command of commands) {
      const ran = await endsAtOnce(command.split(" "), { OURO_HOME: place });
      expectSentence(ran, /^ouro: cannot write to .*set OURO_HOME to a folder you can write to\n$/);
    }
    for (const command of ["stop", "status"]) {
      const { code, stderr } = await endsAtOnce([command], { OURO_HOME: place });
      expect(code).not.toBeNull();
      expect(stderr).not.toMatch(/\n\s+at /);
    }
  });
});

/** Loaded before `ouro`: one thread of Node's waits in a system call that never returns, as on a network that is gone. */
const stuck = join(folder, "stuck.cjs");

interface Started {
  /** Its data home. */
  readonly own: string;
  readonly child: ChildProcess;
  readonly ended: Promise<unknown[]>;
  readonly said: Promise<string>;
}

/** Its standard input stays open and empty; resolves when it waits. */
async function started(command: string, options?: { readonly isStuck: boolean }): Promise<Started> {
  const own = mkdtempSync(join(folder, "own-"));
  const child = spawn(
    process.execPath,
    [...(options?.isStuck ? ["-r", stuck] : []), bin, command, "--json"],
    {
      cwd: folder,
      env: { ...process.env, OURO_HOME: own },
      stdio: ["pipe", "ignore", "pipe"],
    },
  );
  const ended = once(child, "exit");
  const said = text(child.stderr);
  const last = join(own, "runtime", command === "serve" ? "daemon.json" : "");
  await expect.poll(() => existsSync(last)).toBe(true);
  return { own, child, ended, said };
}

describe.runIf(onUnix)("when it is told to, there ends", () => {
  beforeAll(() =>
    writeFileSync(stuck, `require("fs").open(${JSON.stringify(join(folder, "pipe"))}, () => {});`),
  );

  test.each(["SIGINT", "SIGTERM"] as const)("a command that waits for input, at %s", async (signal) => {
    const { child, ended, said } = await started("complete");
    child.kill(signal);
    expect(await ended).toEqual([130, null]);
    expect(await said).toMatch(/Stopped\.\n$/);
  });

  test("at the second Ctrl-C a command that waits in a system call, at once", async () => {
    const { child, ended } = await started("complete", { isStuck: true });
    child.kill("SIGINT");
    await once(child.stderr ?? child, "data");
    const askedAt = performance.now();
    child.kill("SIGINT");
    expect(await ended).toEqual([null, "SIGINT"]);
    expect(performance.now() - askedAt).toBeLessThan(2_000);
  });

  test("within ten seconds a command, and the daemon, that wait in a system call", {
    timeout: 30_000,
  }, async () => {
    for (const command of ["complete", "serve"]) {
      const { child, ended } = await started(command, { isStuck: true });
      const askedAt = performance.now();
      child.kill("SIGTERM");
      expect(await ended).toEqual([null, "SIGTERM"]);
      expect(performance.now() - askedAt).toBeLessThan(10_000);
    }
  });
});

describe.runIf(onUnix)("within ten seconds of a SIGTERM the daemon ends", () => {
  const runtimeOf = (own: string) =>
    locateRuntime(locateDataHome({ OURO_HOME: own }), platformOf(process.env));

  /** Until it has ended, in milliseconds; its sockets, token and note are gone then. */
  async function endedWithin({ child, ended, own }: Started): Promise<number> {
    const askedAt = performance.now();
    child.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
    const { lspSocket, token, discovery } = runtimeOf(own);
    expect([lspSocket, token, discovery].filter((path) => existsSync(path))).toEqual([]);
    return performance.now() - askedAt;
  }

  test("in the middle of a lesson, with clients that read nothing", { timeout: 60_000 }, async () => {
    const daemon = await started("serve");
    const { httpSocket, lspSocket, token } = runtimeOf(daemon.own);
    const client = createHttpClient({ socketPath: httpSocket, token: readFileSync(token, "utf8") });
    const stuck = [lspSocket, httpSocket].map((path) =>
      createConnection(path)
        .pause()
        .on("error", () => {}),
    );
    const steps: unknown[] = [];
    const wanted = Array.from(
      { length: 4 },
      (_, at) => `const value${at} = ${at * 7919} + other("${at}-x");`,
    ).join("\n");
    const place = { folder, path: "a.ts", prefix: "const a = 1;\n", wanted };
    const taught = client
      .teach(place, { signal: new AbortController().signal, onEvent: (event) => steps.push(event) })
      .catch(() => undefined);
    await expect.poll(() => steps.length, { timeout: 30_000 }).toBeGreaterThan(2);
    expect(await endedWithin(daemon)).toBeLessThan(10_000);
    await taught;
    for (const socket of stuck) socket.destroy();
  });

  test("in the middle of a load", { timeout: 60_000 }, async () => {
    const daemon = await started("serve");
    const { httpSocket, token } = runtimeOf(daemon.own);
    const client = createHttpClient({ socketPath: httpSocket, token: readFileSync(token, "utf8") });
    const never = new AbortController().signal;
    const asked = client
      .complete({ folder, path: "a.ts", prefix: "const a = " }, never)
      .catch(() => undefined);
    expect(await endedWithin(daemon)).toBeLessThan(10_000);
    await asked;
  });
});
