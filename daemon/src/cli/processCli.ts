/** The Cli of a real process: its streams, its terminal, its Ctrl-C. The only file of the CLI that touches `process`. */

import type { Cli } from "./cli.js";
import { EXIT_INTERRUPTED } from "./cli.js";
import { createProgressLine } from "./progressLine.js";

/** `NO_COLOR` (no-color.org) and dumb terminals are respected. */
function hasColors(): boolean {
  return process.stdout.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== "dumb";
}

/** First Ctrl-C: whatever runs stops at its next safe point. Second: out at once. */
function interruptSignal(note: (text: string) => void): AbortSignal {
  const controller = new AbortController();
  const onSignal = () => {
    if (controller.signal.aborted) process.exit(EXIT_INTERRUPTED);
    note("Stopping at the next safe point; Ctrl-C again quits at once.");
    controller.abort();
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return controller.signal;
}

export function createProcessCli(): Cli {
  // `ouro … | head` closes the pipe early: that is the reader's right, not an error.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
  const progressLine = createProgressLine({
    write: (text) => process.stderr.write(text),
    isTerminal: process.stderr.isTTY === true,
    nowMs: () => performance.now(),
  });
  const note = (text: string) => {
    progressLine.clear();
    process.stderr.write(`${text}\n`);
  };
  return {
    environment: process.env,
    currentFolder: process.cwd(),
    stdin: process.stdin,
    stdinIsTerminal: process.stdin.isTTY === true,
    stdoutIsTerminal: process.stdout.isTTY === true,
    hasColors: hasColors(),
    signal: interruptSignal(note),
    print: (text) => {
      progressLine.clear();
      process.stdout.write(text);
    },
    note,
    showProgress: (progress) => (progress ? progressLine.show(progress) : progressLine.clear()),
  };
}
