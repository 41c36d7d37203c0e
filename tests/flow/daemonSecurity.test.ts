/**
 * Who can reach the daemon and what leaves it: nobody else's folder is used, nothing listens on the network unless a
 * setting says so and then only for this machine, and neither log nor process tells what the user wrote.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { request } from "node:http";
import { createConnection, createServer } from "node:net";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { locateDataHome } from "../../daemon/src/base/dataHome.js";
import { locateRuntime, platformOf } from "../../daemon/src/transport/daemon/runtimeFolder.js";
import { createHttpClient } from "../../daemon/src/transport/http/httpClient.js";
import { bin, runCli, scratchFolder } from "./support/cli.js";
import { startLsp } from "./support/lspClient.js";
import { writeTinyModel } from "./support/tinyModel.js";

const scratch = scratchFolder();
const home = locateDataHome({ OURO_HOME: join(scratch.path, "ouro-home") });
const runtime = locateRuntime(home, platformOf(process.env));
const settings = join(home.root, "settings.json");
const ouro = (...args: readonly string[]) => runCli({ args, home: scratch.path });
const never = new AbortController().signal;
const token = () => readFileSync(runtime.token, "utf8");
const onLinux = process.platform === "linux";

beforeAll(async () => {
  const model = await writeTinyModel(join(scratch.path, "model"));
  expect((await ouro("model", "use", model)).code).toBe(0);
});
afterEach(async () => {
  expect((await ouro("stop")).code).toBe(0);
});
afterAll(scratch.remove);

async function started(): Promise<number> {
  const { stdout, stderr } = await ouro("start", "--json");
  expect(stderr).toBe("");
  return JSON.parse(stdout).pid;
}

/** Inodes of the sockets that a process has open. */
function socketsOf(pid: number): ReadonlySet<string> {
  const inodes = readdirSync(`/proc/${pid}/fd`).flatMap((name) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${name}`))?.[1] ?? [];
    } catch {
      return [];
    }
  });
  return new Set(inodes);
}

/** Local addresses of the process' TCP and UDP sockets, listening or connected; proc(5) says the format. */
function networkOf(pid: number): readonly string[] {
  const own = socketsOf(pid);
  return ["tcp", "tcp6", "udp", "udp6"].flatMap((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, "utf8")
      .split("\n")
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => own.has(fields[9] ?? ""))
      .map((fields) => `${table} ${fields[1]}`),
  );
}

describe.skipIf(process.platform === "win32")("the folder of socket and token", () => {
  const spoils: readonly (readonly [string, () => void, RegExp])[] = [
    [
      "open to a group",
      () => chmodSync(runtime.folder, 0o770),
      /is open to other users \(mode 770\); run `chmod 700/,
    ],
    ["open to all", () => chmodSync(runtime.folder, 0o777), /is open to other users \(mode 777\)/],
    [
      "a link to elsewhere",
      () => {
        renameSync(runtime.folder, `${runtime.folder}-moved`);
        symlinkSync(`${runtime.folder}-moved`, runtime.folder);
      },
      /is a link to somewhere else; remove it/,
    ],
    ["another user's", () => chownSync(runtime.folder, 12_345, 12_345), /belongs to another user/],
  ];
  test.for(spoils)(
    "%s is refused by whoever would connect or start, and nothing is put into it",
    async ([name, spoil, expected], { skip }) => {
      skip(name === "another user's" && process.getuid?.() !== 0, "only root gives a folder to another user");
      await started();
      expect((await ouro("stop")).code).toBe(0);
      spoil();
      try {
        const commands = ["start", "status", "lsp", "serve"];
        const ran = await Promise.all(commands.map((command) => ouro(command)));
        for (const [at, { code, stdout, stderr }] of ran.entries()) {
          expect({ command: commands[at], code, stdout }).toEqual({
            command: commands[at],
            code: 1,
            stdout: "",
          });
          expect(stderr).toMatch(expected);
          expect(stderr.split("\n")).toHaveLength(2);
        }
        expect(readdirSync(runtime.folder).filter((name) => /sock|token/.test(name))).toEqual([]);
      } finally {
        rmSync(runtime.folder, { recursive: true, force: true });
        rmSync(`${runtime.folder}-moved`, { recursive: true, force: true });
      }
    },
  );

  test("is private, with all that is in it", async () => {
    await started();
    expect(statSync(runtime.folder).mode & 0o777).toBe(0o700);
    for (const path of [runtime.lspSocket, runtime.httpSocket, runtime.token, runtime.discovery]) {
      expect(statSync(path).mode & 0o077).toBe(0);
    }
    for (const name of readdirSync(runtime.log))
      expect(statSync(join(runtime.log, name)).mode & 0o077).toBe(0);
  });
});

describe.runIf(onLinux)("on the network", () => {
  test("nothing listens and nothing is connected by default, while it works", async () => {
    const pid = await started();
    const daemon = createHttpClient({ socketPath: runtime.httpSocket, token: token() });
    await daemon.complete({ folder: scratch.path, path: "a.ts", prefix: "const a = " }, never);
    expect(socketsOf(pid).size).toBeGreaterThan(0);
    expect(networkOf(pid)).toEqual([]);
  });

  test("by setting, only this machine's own address, and only with token, host and no origin", async () => {
    const { port, pid } = await startedOnFreePort();
    try {
      const hex = port.toString(16).toUpperCase().padStart(4, "0");
      expect(networkOf(pid)).toEqual([`tcp 0100007F:${hex}`]);
      await checkPort(port);
      await checkOtherAddresses(port);
      expect((await ouro("status")).stdout).toContain(`127.0.0.1:${port}`);
    } finally {
      writeFileSync(settings, "{}");
    }
  });
});

/** What a terminal of a debugger, a coverage run or an editor hands on to whatever it starts. */
const debuggers = () => ({
  NODE_OPTIONS: "--inspect=127.0.0.1:0",
  NODE_V8_COVERAGE: join(scratch.path, "coverage"),
  VSCODE_INSPECTOR_OPTIONS: '{"inspectorIpc":"/nowhere"}',
  ELECTRON_RUN_AS_NODE: "1",
  NODE_REPL_EXTERNAL_MODULE: join(scratch.path, "repl.js"),
  SECRET_TOKEN: "not the daemon's affair",
});

describe.runIf(onLinux)(
  "in an environment that has Node listen for a debugger, nothing of it listens:",
  () => {
    /** SIGUSR1 has Node listen too; what it came to is seen when the process has answered something. */
    async function askedByDebugger(pid: number, answer: () => Promise<unknown>): Promise<void> {
      expect(networkOf(pid)).toEqual([]);
      process.kill(pid, "SIGUSR1");
      for (let round = 0; round < 3; round += 1) await answer();
      expect(networkOf(pid)).toEqual([]);
    }

    test("the daemon that a command starts, which is handed none of it", async () => {
      const { code, stdout } = await runCli({
        args: ["start", "--json"],
        home: scratch.path,
        environment: debuggers(),
      });
      expect(code).toBe(0);
      const { pid } = JSON.parse(stdout);
      const names = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
      expect(names.filter((line) => /^(NODE_|VSCODE_|ELECTRON_|SECRET_)/.test(line))).toEqual([]);
      expect(names).toContain(`OURO_HOME=${home.root}`);
      await askedByDebugger(pid, () => ouro("status"));
      expect((await ouro("stop")).code).toBe(0);
      const covered = readdirSync(join(scratch.path, "coverage"));
      expect(covered.filter((name) => name.includes(`-${pid}-`))).toEqual([]);
    });

    test("a daemon that is started by hand", async () => {
      const child = spawn(process.execPath, [bin, "serve", "--json"], {
        cwd: scratch.path,
        env: { ...process.env, ...debuggers(), OURO_HOME: home.root },
        stdio: ["ignore", "pipe", "ignore"],
      });
      const ended = once(child, "exit");
      const [line] = await once(child.stdout, "data");
      await askedByDebugger(JSON.parse(String(line)).pid, () => ouro("status"));
      child.kill("SIGTERM");
      expect((await ended)[0]).toBe(0);
    });

    test("the `ouro lsp` of an editor", async () => {
      const editor = await startLsp({
        home: scratch.path,
        folder: scratch.path,
        environment: debuggers(),
      });
      await askedByDebugger(editor.child.pid ?? 0, () => editor.state(null));
      await editor.close();
    });
  },
);

/** A port that is free now may be taken before the daemon has it: another is tried then. */
async function startedOnFreePort(): Promise<{ readonly port: number; readonly pid: number }> {
  for (let attempt = 1; ; attempt++) {
    const probe = createServer().listen(0, "127.0.0.1");
    await once(probe, "listening");
    const address = probe.address();
    const port = typeof address === "object" && address ? address.port : 0;
    probe.close();
    await once(probe, "close");
    writeFileSync(settings, JSON.stringify({ "ouroboros.http.port": port }));
    const { code, stdout, stderr } = await ouro("start", "--json");
    if (code === 0) return { port, pid: JSON.parse(stdout).pid };
    expect(stderr).toMatch(/port/);
    expect(attempt).toBeLessThan(3);
  }
}

async function checkPort(port: number): Promise<void> {
  const own = { Authorization: `Bearer ${token()}` };
  const statusOf = async (headers: Readonly<Record<string, string>>, method = "GET", path = "/health") => {
    const asked = request({ host: "127.0.0.1", port, path, method, headers, agent: false });
    asked.end(method === "POST" ? "{}" : undefined);
    const [response] = await once(asked, "response");
    await text(response);
    return response.statusCode;
  };
  expect(await statusOf(own)).toBe(200);
  expect(await statusOf({})).toBe(401);
  expect(await statusOf({ Authorization: `Bearer ${"0".repeat(64)}` })).toBe(401);
  expect(await statusOf({ ...own, Host: `attacker.example:${port}` })).toBe(403);
  expect(await statusOf({ ...own, Origin: "https://attacker.example" })).toBe(403);
  expect(await statusOf({ ...own, "Sec-Fetch-Site": "cross-site" })).toBe(403);
  expect(await statusOf({ ...own, "Content-Type": "text/plain" }, "POST", "/stop")).toBe(415);
  expect(
    await statusOf({ ...own, "Content-Type": "application/x-www-form-urlencoded" }, "POST", "/pause"),
  ).toBe(415);
  expect(await statusOf(own, "GET", "/stop")).toBe(405);
  expect(await statusOf(own)).toBe(200);
}

/** By another of this machine's addresses than the one it is told; all of 127.0.0.0/8 is this machine's on Linux. */
async function checkOtherAddresses(port: number): Promise<void> {
  const outer = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family, internal }) => family === "IPv4" && !internal);
  for (const address of ["127.0.0.2", ...outer.map(({ address }) => address)]) {
    const socket = createConnection({ host: address, port });
    const [error] = await once(socket, "error");
    expect(error.code).toBe("ECONNREFUSED");
  }
}

test("a client without the token is not let in by either listener", async () => {
  await started();
  const socket = createConnection(runtime.lspSocket);
  socket.write('Content-Length: 50\r\n\r\n{"jsonrpc":"2.0","id":1,"method":"shutdown"}\n');
  expect(JSON.parse(await text(socket))).toMatchObject({ kind: "refused", code: "greeting-invalid" });
  const stranger = createHttpClient({ socketPath: runtime.httpSocket, token: "0".repeat(64) });
  await expect(stranger.stop()).rejects.toMatchObject({ daemonCode: "token-wrong" });
  expect((await ouro("status")).code).toBe(0);
});

test.runIf(onLinux)(
  "the token is new with every start, and in no argument or variable of the process",
  async () => {
    await started();
    const first = token();
    expect((await ouro("stop")).code).toBe(0);
    const pid = await started();
    expect(token()).not.toBe(first);
    for (const name of ["cmdline", "environ"]) {
      expect(readFileSync(`/proc/${pid}/${name}`, "latin1")).not.toContain(token());
    }
  },
);

test("the log holds nothing of what the user wrote, no folder's name and not the token", async () => {
  const secret = "Zq7xSecret";
  const folder = join(scratch.path, `${secret}-work`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(settings, JSON.stringify({ "ouroboros.daemon.logLevel": "debug" }));
  try {
    await started();
    const daemon = createHttpClient({ socketPath: runtime.httpSocket, token: token() });
    const place = { folder, path: `${secret}.ts`, prefix: `const ${secret} = ` };
    await daemon.complete(place, never);
    await daemon.teach({ ...place, wanted: `"${secret}";` }, { signal: never, onEvent: () => {} });
    const turns = [{ role: "user" as const, text: secret }];
    await daemon.chat({ folder, turns }, { signal: never, onText: () => {} }).catch(() => undefined);
    await daemon.undo({ folder, correctionId: secret }, never).catch(() => undefined);
    await daemon.undo({ folder }, never);
    await sendBroken(secret);
    const used = token();
    expect((await ouro("stop")).code).toBe(0);
    const written = readdirSync(runtime.log).map((name) => readFileSync(join(runtime.log, name), "utf8"));
    expect(written.join("\n")).toMatch(/"msg":"started"/);
    expect(written.join("\n")).toMatch(/"project":"[0-9a-f]{12}",.*"msg":"undone"/);
    // A project's id begins with its folder's name in small letters.
    expect(written.join("\n").toLowerCase()).not.toContain(secret.toLowerCase());
    expect(written.join("\n")).not.toContain(used);
  } finally {
    writeFileSync(settings, "{}");
  }
});

/** Requests whose refusals quote them, if anything does. */
async function sendBroken(secret: string): Promise<void> {
  const headers = { Authorization: `Bearer ${token()}`, "Content-Type": "application/json" };
  for (const path of ["/teach", `/${secret}`, "/chat"]) {
    const asked = request({ socketPath: runtime.httpSocket, path, method: "POST", headers, agent: false });
    asked.end(`{"${secret}": ${secret}`);
    const [response] = await once(asked, "response");
    expect(await text(response)).not.toContain(secret);
  }
  const socket = createConnection(runtime.lspSocket);
  socket.write(`{"ouroboros":"${secret}"}\n`);
  await text(socket);
}
