/**
 * `ouro lsp`: carries bytes between an editor's pipes and the daemon, and understands none of them, except that it
 * looks whether the editor has said goodbye.
 */

import type { Duplex, Readable, Writable } from "node:stream";

/** A goodbye and what may stand around it. */
const TAIL_BYTES = 256;
/** LSP's `exit`. Inside a text its quotes would be escaped. */
const GOODBYE = /"method"\s*:\s*"exit"/;
/** What an editor wrote last must reach the daemon; one that does not take it is not waited for longer. */
const FLUSH_MS_MAX = 1_000;

export type ProxyEnd =
  /** The editor closed its end, said goodbye, or had the proxy stopped. */
  "client-ended" | "daemon-gone";

/** Resolves when either side has ended; both are closed then. */
export function proxy(options: {
  readonly input: Readable;
  readonly output: Writable;
  readonly daemon: Duplex;
  readonly signal: AbortSignal;
}): Promise<ProxyEnd> {
  const { input, output, daemon, signal } = options;
  return new Promise((resolve) => {
    let tail = Buffer.alloc(0);
    let hasClientEnded = false;
    let timer: NodeJS.Timeout | undefined;
    const onInput = (chunk: Buffer) => {
      tail = Buffer.concat([tail, chunk]).subarray(-TAIL_BYTES);
      if (GOODBYE.test(tail.toString("latin1"))) hasClientEnded = true;
    };
    const onClientEnd = () => {
      hasClientEnded = true;
      daemon.end();
      timer ??= setTimeout(() => daemon.destroy(), FLUSH_MS_MAX);
    };
    const onDaemonClose = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onClientEnd);
      // Standard input would keep the process alive.
      input.destroy();
      resolve(hasClientEnded ? "client-ended" : "daemon-gone");
    };
    input.once("end", onClientEnd);
    input.on("error", onClientEnd);
    output.on("error", onClientEnd);
    signal.addEventListener("abort", onClientEnd, { once: true });
    // An error says no more than the "close" that follows it.
    daemon.on("error", () => undefined);
    daemon.once("close", onDaemonClose);
    input.on("data", onInput);
    input.pipe(daemon);
    daemon.pipe(output, { end: false });
  });
}
