/** The soak's daemon: a data home of its own, five projects, the embedded model, and the ways in which it is ended. */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { locateDataHome } from "../../../daemon/src/base/dataHome.js";
import {
  locateRuntime,
  platformOf,
  type Runtime,
} from "../../../daemon/src/transport/daemon/runtimeFolder.js";
import { createHttpClient, type HttpClient } from "../../../daemon/src/transport/http/httpClient.js";
import { runCli, scratchFolder } from "../support/cli.js";
import { writeTinyModel } from "../support/tinyModel.js";

const PROJECTS = ["shop", "blog", "bank", "game", "maps"] as const;
/** Between two looks whether the next daemon answers. */
const LOOK_EVERY_MS = 50;
const BACK_MS_MAX = 60_000;

export class SoakDaemon {
  /** `OURO_HOME`. */
  readonly home: string;
  readonly runtime: Runtime;
  /** Git folders with some TypeScript files. */
  readonly folders: readonly string[];
  readonly #scratch = scratchFolder();
  readonly #ended = new Set<number>();
  #pid: number | undefined;

  constructor() {
    const { path } = this.#scratch;
    const home = locateDataHome({ OURO_HOME: join(path, "ouro-home") });
    this.home = home.root;
    this.runtime = locateRuntime(home, platformOf(process.env));
    this.folders = PROJECTS.map((name) => writeProject(join(path, name), name));
  }

  /** The process that answers now; undefined while one was ended and the next does not answer yet. */
  get pid(): number | undefined {
    return this.#pid;
  }

  /** Whether the soak ended that process, or is ending it. */
  hasEnded(pid: number | undefined): boolean {
    return pid === undefined || this.#ended.has(pid);
  }

  async start(): Promise<void> {
    this.#pid = Number(JSON.parse(await this.ouro("start", "--json")).pid);
  }

  /** Resolves when another one, which windows start as they come back, answers. */
  async end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    const pid = this.#pid;
    if (pid === undefined) throw new Error("there is no daemon to end");
    this.#ended.add(pid);
    this.#pid = undefined;
    process.kill(pid, signal);
    for (const deadline = performance.now() + BACK_MS_MAX; performance.now() < deadline; ) {
      await delay(LOOK_EVERY_MS);
      const next = await this.#health().catch(() => undefined);
      if (next && !this.#ended.has(next.pid)) {
        this.#pid = next.pid;
        return;
      }
    }
    throw new Error(`no daemon came after process ${pid} within ${BACK_MS_MAX} ms`);
  }

  async #health() {
    return this.http().health();
  }

  /** Of the daemon that runs now; throws where none has run. */
  http(): HttpClient {
    const token = readFileSync(this.runtime.token, "utf8");
    return createHttpClient({ socketPath: this.runtime.httpSocket, token });
  }

  /** What the command printed; throws where it failed. */
  async ouro(...args: readonly string[]): Promise<string> {
    const { path } = this.#scratch;
    const { code, stdout, stderr } = await runCli({ args, home: path });
    if (code !== 0) throw new Error(`ouro ${args.join(" ")} ended with ${code}: ${stderr}`);
    return stdout;
  }

  otherModel(): Promise<string> {
    return writeTinyModel(join(this.#scratch.path, "model"));
  }

  /** Ends the daemon and removes everything. */
  async remove(): Promise<void> {
    await this.ouro("stop");
    this.#scratch.remove();
  }
}

const FILES = {
  "src/load.ts":
    "import { store } from './store';\n\nexport async function load(name: string) {\n  return store.find(name);\n}\n",
  "src/store.ts":
    "export const store = {\n  async find(id: string) {\n    return entries.get(id);\n  },\n};\n\nconst entries = new Map<string, string>();\n",
  "src/main.ts":
    "import { load } from './load';\n\nfor (const name of process.argv.slice(2)) {\n  console.log(await load(name));\n}\n",
} as const;

function writeProject(folder: string, name: string): string {
  mkdirSync(join(folder, ".git"), { recursive: true });
  mkdirSync(join(folder, "src"));
  for (const [path, text] of Object.entries(FILES))
    writeFileSync(join(folder, path), text.replaceAll("store", `${name}Store`));
  return folder;
}
