/**
 * One VS Code server for one test file: data folders of its own, settings, extensions from VSIX files, a free port.
 * Two servers are two machines' worth of windows, with nothing in common but what the environment says.
 * What happens in a window is in editorWindow.ts.
 */

import { type ChildProcessByStdio, execFile, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { ALWAYS, type Settings, THEMES, type Theme } from "./editorSettings.js";
import type { ReadyHost } from "./hostFacts.js";
import { processesOfGroup } from "./processGroup.js";

/** Usual is 1 s for a server and 6 s for a window; with both cores taken by another job, 100 s were seen. */
export const START_TIMEOUT_MS = 120_000;
/** For a hook that starts a server and opens a window: each of the two may need its second attempt. */
export const START_HOOK_TIMEOUT_MS = 4 * START_TIMEOUT_MS;
/** A window that vanishes leaves its extension host waiting for it to come back: for three hours, if not told. */
const RECONNECTION_GRACE_SECONDS = 2;
/** How much of what the server says is kept, to show it when a start fails. */
const OUTPUT_MAX = 20_000;

const watchdog = fileURLToPath(new URL("watchdog.mjs", import.meta.url));

type Environment = Readonly<Record<string, string>>;

/** A start may come to nothing on a busy machine; it is tried once more. What follows a start never is. */
export async function startTwice<T>(start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (first) {
    return await start().catch((second: unknown) => {
      throw new AggregateError([first, second], `started twice in vain: ${second}`);
    });
  }
}

interface ServerOptions {
  readonly host: ReadyHost;
  /** VSIX files. */
  readonly extensions: readonly string[];
  readonly theme?: Theme;
  readonly settings?: Settings;
  /** Beside PATH and a HOME of its own, the server and its extensions get nothing of our environment. */
  readonly environment?: Environment;
}

export interface EditorServer {
  /** All that it writes lies under here; removed by `stop`. */
  readonly dataFolder: string;
  /** The address of a window on that workspace folder. */
  addressOf(workspace: string): string;
  /** The newest of what it printed. */
  output(): string;
  /** Laid over the settings it started with; open windows notice. Not for settings of application scope. */
  changeSettings(settings: Settings): void;
  /** Of the server and all that it and its extensions started, those whose command line matches. */
  processIds(commandLine: RegExp): readonly number[];
  /** At once and without a farewell to extensions; whoever wants one closes the windows before. */
  stop(): Promise<void>;
}

/**
 * Folders and settings of one server. Windows read the user's settings once, at their start, and watch those of the
 * machine; so that is where a change goes.
 */
function prepareData(settings: Settings) {
  const dataFolder = mkdtempSync(join(tmpdir(), "ouro-editor-"));
  const home = join(dataFolder, "home");
  mkdirSync(home);
  const writeSettings = ({ of, values }: { of: "User" | "Machine"; values: Settings }) => {
    mkdirSync(join(dataFolder, "user", of), { recursive: true });
    writeFileSync(join(dataFolder, "user", of, "settings.json"), JSON.stringify(values, undefined, 2));
  };
  writeSettings({ of: "User", values: settings });
  let changes: Settings = {};
  const changeSettings = (changed: Settings) => {
    changes = { ...changes, ...changed };
    writeSettings({ of: "Machine", values: changes });
  };
  const folderArgs = ["--server-data-dir", dataFolder, "--user-data-dir", join(dataFolder, "user")];
  folderArgs.push("--extensions-dir", join(dataFolder, "extensions"));
  return { dataFolder, home, folderArgs, changeSettings };
}

function environmentOf({ home, environment }: { home: string; environment: Environment }): Environment {
  return {
    PATH: process.env.PATH ?? "",
    LANG: "C.UTF-8",
    HOME: home,
    TMPDIR: tmpdir(),
    // No gallery: nothing asks the network for extensions.
    EXTENSIONS_GALLERY: '{"serviceUrl":""}',
    ...environment,
  };
}

interface Server {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  output(): string;
  readonly closed: Promise<void>;
}

function spawnServer({ args, env }: { args: readonly string[]; env: Environment }): Server {
  const child = spawn(process.execPath, [watchdog, ...args], {
    env,
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
  });
  let output = "";
  const take = (text: string) => {
    output = (output + text).slice(-OUTPUT_MAX);
  };
  child.stdout.setEncoding("utf8").on("data", take);
  child.stderr.setEncoding("utf8").on("data", take);
  // The watchdog may be gone already.
  child.stdin.on("error", () => {});
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  return { child, output: () => output, closed };
}

/** The port that the system gave it; it is printed once the server listens. */
function portOf({ child, output, closed }: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = (what: string) => reject(new Error(`the VS Code server ${what}; its output:\n${output()}`));
    const timer = setTimeout(() => fail("does not start"), START_TIMEOUT_MS);
    child.stdout.on("data", () => {
      const bound = /Server bound to 127\.0\.0\.1:(\d+)/.exec(output());
      if (!bound) return;
      clearTimeout(timer);
      resolve(Number(bound[1]));
    });
    void closed.then(() => {
      clearTimeout(timer);
      fail("ended at once");
    });
  });
}

async function startOnce(options: ServerOptions): Promise<EditorServer> {
  const { host, extensions, theme = "dark", settings = {}, environment = {} } = options;
  const { dataFolder, home, folderArgs, changeSettings } = prepareData({
    ...ALWAYS,
    ...THEMES[theme],
    ...settings,
  });
  const env = environmentOf({ home, environment });
  const both = [host.server, "--accept-server-license-terms", ...folderArgs];
  const install = extensions.flatMap((path) => ["--install-extension", path]);
  if (install.length > 0)
    await promisify(execFile)(host.node, [...both, ...install, "--force"], {
      env,
      timeout: START_TIMEOUT_MS,
    });

  // Other users of the machine reach 127.0.0.1 too, and a window is a shell for whoever opens it.
  const token = randomUUID();
  const listen = ["--host", "127.0.0.1", "--port", "0", "--connection-token", token];
  const others = [
    "--telemetry-level",
    "off",
    "--reconnection-grace-time",
    String(RECONNECTION_GRACE_SECONDS),
  ];
  const server = spawnServer({ args: [host.node, ...both, ...listen, ...others], env });
  const stop = async () => {
    server.child.stdin.destroy();
    await server.closed;
    rmSync(dataFolder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const address = `http://127.0.0.1:${await portOf(server)}`;
    const answer = await fetch(`${address}/version`, { signal: AbortSignal.timeout(START_TIMEOUT_MS) });
    if (!answer.ok) throw new Error(`the VS Code server answers ${answer.status}`);
    return {
      dataFolder,
      addressOf: (workspace) => `${address}/?tkn=${token}&folder=${encodeURIComponent(workspace)}`,
      output: server.output,
      changeSettings,
      processIds: (commandLine) =>
        processesOfGroup(server.child.pid ?? 0)
          .filter((process) => commandLine.test(process.commandLine))
          .map(({ id }) => id),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

export function startServer(options: ServerOptions): Promise<EditorServer> {
  return startTwice(() => startOnce(options));
}
