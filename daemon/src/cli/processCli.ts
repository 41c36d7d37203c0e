/** The Cli of a real process: its streams, its terminal, its Ctrl-C. The only file of the CLI that touches `process`. */

import { once } from "node:events";
import { close as closeInspector } from "node:inspector";
import { createInterface } from "node:readline/promises";
import { setTimeout as delay } from "node:timers/promises";
import type { Cli } from "./cli.js";
import { createProgressLine } from "./progressLine.js";

/** Within this a SIGTERM has ended the process; service managers and containers wait ten seconds before they kill. */
const END_MS_MAX = 9_500;

/** A file that answers at all answers in less. */
const SYSTEM_CALLS_MS_MAX = 500;
const SYSTEM_CALLS_POLL_MS = 10;

/** EX_SOFTWARE of sysexits(3): clients tell it from an orderly end. */
const EXIT_CRASHED = 70;

/** `NO_COLOR` (no-color.org) and dumb terminals are respected. */
function hasColors(): boolean {
  return process.stdout.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== "dumb";
}

/**
 * First Ctrl-C: whatever runs stops at its next safe point, and waits for no more input. Second: out at once. A SIGTERM
 * is obeyed in any case: what does not come to a safe point in time is ended, as the system would end it.
 */
function interruptSignal(note: (text: string) => void): AbortSignal {
  const controller = new AbortController();
  const onSignal = (signal: NodeJS.Signals) => {
    if (controller.signal.aborted) dieOf(signal);
    note("Stopping at the next safe point; Ctrl-C again quits at once.");
    controller.abort();
    process.stdin.destroy();
    if (signal === "SIGTERM") setTimeout(() => dieOf(signal), END_MS_MAX).unref();
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return controller.signal;
}

/** Not by process.exit, which waits for threads of Node's own: one that waits for a file system never comes back. */
function dieOf(signal: NodeJS.Signals): void {
  if (process.stdin.isTTY) process.stdin.setRawMode(false);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

/** One question at a time, each with an interface of its own, so that nothing holds the input in between. */
async function askAtTerminal({
  question,
  signal,
}: {
  readonly question: string;
  readonly signal: AbortSignal;
}): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  // While it reads, Ctrl-C arrives here as a key and not as a signal.
  terminal.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
  const ended = once(terminal, "close", { signal }).then(() => "");
  try {
    return await Promise.race([terminal.question(question, { signal }), ended]);
  } catch (error) {
    // Ctrl-D ends the questions, not the program.
    if (!signal.aborted && error instanceof Error && error.name === "AbortError") return "";
    throw error;
  } finally {
    terminal.close();
  }
}

/** This process: the daemon's, in the command that is one. */
export const PROCESS_ID = process.pid;

/** The most memory that this process has held at once. */
export function peakMemoryBytes(): number {
  return 1024 * process.resourceUsage().maxRSS;
}

/** How this very program is started once more. */
export function ownCommand(): { readonly program: string; readonly args: readonly string[] } {
  return { program: process.execPath, args: process.argv.slice(1, 2) };
}

/** Standard input and output as a protocol's bytes, not text. */
export function protocolStreams() {
  return { input: process.stdin, output: process.stdout };
}

/**
 * Nothing listens for a debugger in this process from now on, whatever its environment says, and SIGUSR1, at which Node
 * would begin to, does nothing.
 */
export function refuseDebuggers(): void {
  closeInspector();
  process.on("SIGUSR1", () => undefined);
}

/**
 * Makes this process the daemon: what it creates is this user's alone, and what nobody caught ends it, as soon as
 * `onCrash` has written down what that was.
 */
export function becomeDaemon(onCrash: (error: Error) => Promise<void>): void {
  refuseDebuggers();
  process.umask(0o077);
  process.on("uncaughtException", (error) => {
    void onCrash(error).finally(() => endProcess(EXIT_CRASHED));
  });
}

/** Ends this process, once it waits for no file any more; what waits for one that never answers is ended with it. */
export async function endProcess(exitCode: number): Promise<never> {
  const deadline = performance.now() + SYSTEM_CALLS_MS_MAX;
  while (process.getActiveResourcesInfo().some((name) => name.startsWith("FSReq"))) {
    if (performance.now() > deadline) endProcessAtOnce();
    await delay(SYSTEM_CALLS_POLL_MS);
  }
  process.exit(exitCode);
}

/** For one in which something hangs: not even threads that still compute are waited for. */
export function endProcessAtOnce(): void {
  dieOf("SIGTERM");
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
  const signal = interruptSignal(note);
  return {
    environment: process.env,
    currentFolder: process.cwd(),
    stdin: process.stdin,
    stdinIsTerminal: process.stdin.isTTY === true,
    stdoutIsTerminal: process.stdout.isTTY === true,
    hasColors: hasColors(),
    signal,
    print: (text) => {
      progressLine.clear();
      process.stdout.write(text);
    },
    note,
    ask: (question) => askAtTerminal({ question, signal }),
    showProgress: (progress) => (progress ? progressLine.show(progress) : progressLine.clear()),
  };
}
