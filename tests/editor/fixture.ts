/**
 * The fixture of every editor test of Ouroboros: the VSIX as shipped, lying outside of the clone, a data home and two
 * projects of its own, and the daemon that comes up by itself, found by what it wrote down.
 */

import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export const STATUS_ITEM = "ouroboros.ouroboros-vscode.status";
export const EXTENSION = "ouroboros.ouroboros-vscode";

export interface Fixture {
  readonly folder: string;
  readonly home: string;
  readonly vsix: string;
  /** Makes a project with a `.git` folder and the files. */
  project(name: string, files: Readonly<Record<string, string>>): string;
  /** Of the daemon that serves this data home now; undefined: none does. */
  daemonPid(): number | undefined;
  /** Ends the daemon, and removes everything. */
  close(): void;
}

/** Builds the VSIX from the present sources and puts it outside of the clone. */
export function openFixture(): Fixture {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "ouro-editor-")));
  const home = join(folder, "ouro-home");
  const output = execFileSync(process.execPath, [join(root, ".ci", "packageExtension.mjs")], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  // The packager reports its progress too; the path comes last.
  const built = output.trim().split("\n").at(-1) ?? "";
  const vsix = join(folder, basename(built));
  copyFileSync(built, vsix);
  const daemonPid = () => {
    const path = join(home, "runtime", "daemon.json");
    if (!existsSync(path)) return undefined;
    const { pid } = JSON.parse(readFileSync(path, "utf8")) as { pid: number };
    return existsSync(`/proc/${pid}`) ? pid : undefined;
  };
  return {
    folder,
    home,
    vsix,
    project(name, files) {
      const project = join(folder, name);
      mkdirSync(join(project, ".git"), { recursive: true });
      for (const [path, text] of Object.entries(files)) {
        mkdirSync(dirname(join(project, path)), { recursive: true });
        writeFileSync(join(project, path), text);
      }
      return project;
    },
    daemonPid,
    close() {
      const pid = daemonPid();
      if (pid !== undefined) process.kill(pid, "SIGKILL");
      rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}

/** Files that a process has open or mapped, and its command line: nothing of it may lie in the clone. */
export function filesOf(pid: number): readonly string[] {
  const open = readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
    } catch {
      return [];
    }
  });
  const mapped = readFileSync(`/proc/${pid}/maps`, "utf8").match(/\/\S+/g) ?? [];
  const args = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  return [...new Set([...open, ...mapped, ...args])];
}

/** Remote ends of the process' TCP connections and the ports on which it listens, of IPv4 and IPv6. */
export function tcpSocketsOf(pid: number): readonly string[] {
  const inodes = new Set(filesOf(pid).flatMap((file) => /^socket:\[(\d+)\]$/.exec(file)?.[1] ?? []));
  return ["tcp", "tcp6"].flatMap((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, "utf8")
      .split("\n")
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((columns) => inodes.has(columns[9] ?? ""))
      .map((columns) => `${table} ${columns[1]} -> ${columns[2]} state ${columns[3]}`),
  );
}

export { root as cloneFolder };
