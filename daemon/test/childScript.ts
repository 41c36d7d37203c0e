/** Runs a TypeScript file as a Node process of its own, for tests that kill processes. */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const cacheFolder = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "node_modules", ".cache");

/** Bundles `entry` and returns the script's path. It lies under node_modules, where the addon is found. */
export async function bundleScript(entry: URL): Promise<string> {
  mkdirSync(cacheFolder, { recursive: true });
  const outfile = join(mkdtempSync(join(cacheFolder, "child-")), "script.mjs");
  await build({
    entryPoints: [fileURLToPath(entry)],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    // Some packages have a form for bundlers, which brings no `require` along.
    mainFields: ["module", "main"],
    // Workspace packages are TypeScript source, which a plain Node cannot load.
    alias: {
      "@ouroboros/native/fileLock": fileURLToPath(new URL("../../native/lib/fileLock.ts", import.meta.url)),
      "@ouroboros/native": fileURLToPath(new URL("../../native/lib/index.ts", import.meta.url)),
      "@ouroboros/configs": fileURLToPath(new URL("../../configs/src/index.ts", import.meta.url)),
    },
  });
  return outfile;
}

interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** `onStarted` may kill the process; resolves when it has ended and its output is complete. */
export function runScript(options: {
  readonly script: string;
  readonly args: readonly string[];
  readonly onStarted?: (child: ChildProcess) => void;
}): Promise<Ended> {
  const child = spawn(process.execPath, [options.script, ...options.args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  options.onStarted?.(child);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (exitCode, signal) => resolve({ stdout, stderr, exitCode, signal }));
  });
}
