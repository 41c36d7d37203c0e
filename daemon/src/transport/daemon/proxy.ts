/**
 * `ouro lsp`: carries bytes between an editor's pipes and the daemon, and understands none of them, except that it
 * looks whether the editor has said goodbye, and where the daemon's messages end: there it may say why nothing comes.
 */

import type { Duplex, Readable, Writable } from "node:stream";
import { MessageFrames } from "../lsp/messageFrames.js";

/** A goodbye and what may stand around it. */
const TAIL_BYTES = 256;
/** LSP's `exit`. Inside a text its quotes would be escaped. */
const GOODBYE = /"method"\s*:\s*"exit"/;
/** What an editor wrote last must reach the daemon; one that does not take it is not waited for longer. */
const FLUSH_MS_MAX = 1_000;

/** After this without a word to what the editor wrote, it is asked why. */
const SILENT_MS = 1_000;
const WARNING = 2;

export type ProxyEnd =
  /** The editor closed its end, said goodbye, or had the proxy stopped. */
  "client-ended" | "daemon-gone";

/** Resolves when either side has ended; both are closed then. */
export function proxy(options: {
  readonly input: Readable;
  readonly output: Writable;
  readonly daemon: Duplex;
  readonly signal: AbortSignal;
  /** A sentence for the editor where the daemon cannot answer; undefined: there is just nothing to say. */
  readonly whyItIsSilent: () => Promise<string | undefined>;
}): Promise<ProxyEnd> {
  const { input, output, daemon, signal } = options;
  const stopWatching = tellOfSilence(options);
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
      stopWatching();
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

/** Each time the daemon falls silent it is told once; between two of its messages, since half of one may have come. */
function tellOfSilence(watched: {
  readonly input: Readable;
  readonly output: Writable;
  readonly daemon: Duplex;
  readonly whyItIsSilent: () => Promise<string | undefined>;
}): () => void {
  const { input, output, daemon, whyItIsSilent } = watched;
  const frames = new MessageFrames();
  let timer: NodeJS.Timeout | undefined;
  let isTold = false;
  const look = async () => {
    timer = undefined;
    const message = await whyItIsSilent().catch(() => undefined);
    if (message === undefined || isTold || !frames.isBetween || !output.writable) return;
    isTold = true;
    output.write(showMessage(message));
  };
  input.on("data", () => {
    timer ??= setTimeout(() => void look(), SILENT_MS).unref();
  });
  daemon.on("data", (chunk: Buffer) => {
    clearTimeout(timer);
    timer = undefined;
    isTold = false;
    frames.push(chunk);
  });
  return () => clearTimeout(timer);
}

function showMessage(message: string): string {
  const params = { type: WARNING, message: `Ouroboros: ${message}.` };
  const content = JSON.stringify({ jsonrpc: "2.0", method: "window/showMessage", params });
  return `Content-Length: ${Buffer.byteLength(content)}\r\n\r\n${content}`;
}
