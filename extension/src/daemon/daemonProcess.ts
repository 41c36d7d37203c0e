/**
 * Starts `ouro lsp`, the proxy that finds or starts the one daemon and passes bytes, with the program that runs this
 * extension host: VS Code's own binary as plain Node, or the Node of a remote server. Nothing else has to be installed.
 */

import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { homedir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { passedEnvironment } from "../../../daemon/src/protocol/passedEnvironment.js";

export interface DaemonProcess {
  readonly child: ChildProcessWithoutNullStreams;
  /** The last line of its stderr: why it could not go on. */
  lastError(): string | undefined;
}

export function spawnProxy(extensionFolder: string): DaemonProcess {
  const bundle = join(extensionFolder, "daemon", "dist", "ouro.cjs");
  // The folder of work is no project: nothing may depend on it.
  const child = spawn(process.execPath, [bundle, "lsp"], {
    cwd: homedir(),
    env: passedEnvironment(process),
    stdio: ["pipe", "pipe", "pipe"],
    windowsHide: true,
  });
  let last: string | undefined;
  createInterface({ input: child.stderr }).on("line", (line) => {
    if (line.trim() !== "") last = line.trim().replace(/^ouro: /, "");
  });
  child.on("error", (error) => {
    last = error.message;
  });
  return { child, lastError: () => last };
}
