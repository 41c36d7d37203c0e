/** Reads the one line that comes before everything else on a socket, bounded in bytes and time. */

import type { Socket } from "node:net";

const NEWLINE = 0x0a;

type FirstLine =
  /** What the other side sent behind the line is back in the socket, which is paused. */
  | { readonly kind: "line"; readonly line: string }
  | { readonly kind: "too-long" }
  | { readonly kind: "too-slow" }
  /** The other side left; `error` when it did not just close. */
  | { readonly kind: "closed"; readonly error: Error | undefined };

export function readFirstLine(options: {
  readonly socket: Socket;
  readonly bytesMax: number;
  readonly timeoutMs: number;
}): Promise<FirstLine> {
  const { socket, bytesMax, timeoutMs } = options;
  return new Promise((resolve) => {
    let read = Buffer.alloc(0);
    let failure: Error | undefined;
    const timer = setTimeout(() => settle({ kind: "too-slow" }), timeoutMs);
    const settle = (result: FirstLine) => {
      clearTimeout(timer);
      socket.off("data", onData);
      socket.off("close", onClose);
      socket.off("end", onClose);
      socket.off("error", onError);
      socket.pause();
      resolve(result);
    };
    const onData = (chunk: Buffer) => {
      const end = chunk.indexOf(NEWLINE);
      const length = read.length + (end < 0 ? chunk.length : end);
      if (length > bytesMax) return settle({ kind: "too-long" });
      read = Buffer.concat([read, end < 0 ? chunk : chunk.subarray(0, end)]);
      if (end < 0) return;
      const line = read.toString("utf8");
      settle({ kind: "line", line });
      const rest = chunk.subarray(end + 1);
      if (rest.length > 0) socket.unshift(rest);
    };
    const onError = (error: Error) => {
      failure = error;
    };
    const onClose = () => settle({ kind: "closed", error: failure });
    socket.on("data", onData);
    socket.once("close", onClose);
    socket.once("end", onClose);
    socket.on("error", onError);
  });
}
