/** Runs the real `ouro` as a child process, as a person's shell would, and collects what it says. */

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../..", import.meta.url));
export const bin = join(root, "daemon", "bin", "ouro.mjs");

/** Between two looks at what a child process has written to disk. */
const LOOK_EVERY_MS = 5;

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly args: readonly string[];
  readonly home: string;
  readonly folder?: string;
  readonly input?: string | Uint8Array;
  readonly environment?: Readonly<Record<string, string>>;
  /** Ctrl-C as soon as what it has said, on stdout or stderr, matches. */
  readonly interruptWhen?: RegExp;
  /** The process is killed without a warning as soon as this holds; `code` is null then. */
  readonly killWhen?: () => boolean;
  /** No file can grow beyond this, as on a disk that is full. In whole KiB. */
  readonly fileBytesMax?: number;
  /** A program that runs it, with its own arguments. */
  readonly within?: readonly string[];
}

export function runCli({
  args,
  home,
  folder,
  input,
  environment,
  interruptWhen,
  killWhen,
  fileBytesMax,
  within = [],
}: RunOptions): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const command = [...within, process.execPath, bin, ...args];
    const limited = ["bash", "-c", `ulimit -f ${(fileBytesMax ?? 0) / 1024}; exec "$0" "$@"`, ...command];
    const [program = "", ...rest] = fileBytesMax === undefined ? command : limited;
    const child = spawn(program, rest, {
      cwd: folder ?? home,
      env: { ...process.env, NO_COLOR: "1", OURO_HOME: join(home, "ouro-home"), ...environment },
    });
    let stdout = "";
    let stderr = "";
    let isInterrupted = false;
    // Once: a second Ctrl-C would mean "out at once".
    const interruptOnce = () => {
      if (isInterrupted || !interruptWhen?.test(`${stdout}\n${stderr}`)) return;
      isInterrupted = true;
      child.kill("SIGINT");
    };
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      interruptOnce();
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
      interruptOnce();
    });
    child.on("error", reject);
    const killer = killWhen && setInterval(() => killWhen() && child.kill("SIGKILL"), LOOK_EVERY_MS);
    child.on("close", (code) => {
      clearInterval(killer);
      resolve({ code, stdout, stderr });
    });
    // A command that fails early closes its end of the pipe while a large input is still on its way.
    child.stdin.on("error", () => {});
    child.stdin.end(input ?? "");
  });
}

/** How many steps a training run has logged so far. */
export function loggedSteps(folder: string): number {
  const log = join(folder, "losses.jsonl");
  return existsSync(log) ? (readFileSync(log, "utf8").match(/^\{"step"/gm) ?? []).length : 0;
}

/** A folder of its own for one test file: data home, project and inputs. */
export function scratchFolder(): { readonly path: string; readonly remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), "ouro-flow-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 10 }) };
}
