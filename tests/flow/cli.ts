/** Runs the real `ouro` as a child process, as a person's shell would, and collects what it says. */

import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const bin = join(root, "daemon", "bin", "ouro.mjs");

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
  /** Called with all that stderr has held so far, to interrupt at the right moment. */
  readonly onStderr?: (soFar: string, interrupt: () => void) => void;
}

/** The bundle follows the sources; it takes a fraction of a second. */
export function bundleCli(): void {
  execFileSync(process.execPath, [join(root, ".ci", "build.mjs"), "--bundle"]);
}

export function runCli({ args, home, folder, input, environment, onStderr }: RunOptions): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [bin, ...args], {
      cwd: folder ?? home,
      env: { ...process.env, NO_COLOR: "1", OURO_HOME: join(home, "ouro-home"), ...environment },
    });
    // A second Ctrl-C would mean: out at once.
    let isInterrupted = false;
    const interrupt = () => {
      if (!isInterrupted) child.kill("SIGINT");
      isInterrupted = true;
    };
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
      onStderr?.(stderr, interrupt);
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
    // A command that fails early closes its end of the pipe while a large input is still on its way.
    child.stdin.on("error", () => {});
    child.stdin.end(input ?? "");
  });
}

/** A folder of its own for one test file: data home, project and inputs. */
export function scratchFolder(): { readonly path: string; readonly remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), "ouro-flow-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
