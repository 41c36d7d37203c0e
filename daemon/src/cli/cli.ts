/**
 * What every command gets from the process: where to print, whether a person is watching, and when to stop.
 * Results go to stdout, everything else to stderr, so that `--json` output can be piped as it is.
 */

import type { Progress } from "../base/progress.js";

export interface Cli {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly currentFolder: string;
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly stdinIsTerminal: boolean;
  readonly stdoutIsTerminal: boolean;
  /** Bold, dim and the like are allowed on stdout. */
  readonly hasColors: boolean;
  /** Aborts at the first Ctrl-C. */
  readonly signal: AbortSignal;
  /** The command's result. */
  readonly print: (text: string) => void;
  /** What the person should know, but a program reading the result should not meet. */
  readonly note: (text: string) => void;
  /** Asks the person at the terminal; resolves to an empty line when the input ends. Rejects when `signal` aborts. */
  readonly ask: (question: string) => Promise<string>;
  /** Shows how far a long piece of work is; `undefined` takes the line away. */
  readonly showProgress: (progress: Progress | undefined) => void;
}

/** One line of JSON on stdout: the whole result of a command under `--json`. */
export function printJson(cli: Cli, result: unknown): void {
  cli.print(`${JSON.stringify(result)}\n`);
}

/** A command that was stopped by the user ends with this, as shells expect after SIGINT. */
export const EXIT_INTERRUPTED = 130;
export const EXIT_FAILED = 1;
export const EXIT_USAGE = 2;

/** Ends a command that Ctrl-C stopped; everything that was finished before it stays. */
export class InterruptedCommand extends Error {
  constructor(kept: string) {
    super(kept);
    this.name = "InterruptedCommand";
  }
}
