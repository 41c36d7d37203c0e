/**
 * How a process reaches the daemon: for LSP, through the handshake; for commands, over HTTP. Both start a daemon where
 * none runs, and replace one that is older; `findHttp` does neither.
 */

import type { Socket } from "node:net";
import { AppError, assertNever } from "../../base/errors.js";
import { createHttpClient, DaemonRefusal, type HttpClient } from "../http/httpClient.js";
import { shakeHands } from "./clientHandshake.js";
import { type Approach, type DaemonAccess, ensureDaemon, findDaemon } from "./ensureDaemon.js";

interface LspConnection {
  /** Paused; the caller's to close. */
  readonly stream: Socket;
  readonly pid: number;
  /** The daemon's. */
  readonly version: string;
}

/** Throws as `ensureDaemon` does. */
export function connectLsp(access: DaemonAccess): Promise<LspConnection> {
  return ensureDaemon(access, approachLsp(access));
}

/** Throws as `ensureDaemon` does. */
export function connectHttp(access: DaemonAccess): Promise<HttpClient> {
  return ensureDaemon(access, approachHttp());
}

/** A newer version may take over just after the older daemon let us in; it does so once, not again and again. */
const TAKEOVERS_MAX = 3;

/** Asks the daemon one thing, whichever is there when it comes to answering. Throws as `ensureDaemon` and `ask` do. */
export async function askDaemon<T>(
  access: DaemonAccess,
  ask: (daemon: HttpClient) => Promise<T>,
): Promise<T> {
  for (let takeover = 0; ; takeover++) {
    const daemon = await connectHttp(access);
    try {
      return await ask(daemon);
    } catch (error) {
      const isEnding =
        (error instanceof AppError && error.code === "daemon-absent") ||
        (error instanceof DaemonRefusal && error.daemonCode === "draining");
      if (!isEnding || takeover === TAKEOVERS_MAX) throw error;
    }
  }
}

/** Undefined: no daemon runs, or it is ending. Throws as `findDaemon` does. */
export function findHttp(access: DaemonAccess): Promise<HttpClient | undefined> {
  return findDaemon(access, approachHttp());
}

function approachLsp({ version }: DaemonAccess): Approach<LspConnection> {
  return async ({ runtime, token }, signal) => {
    const hello = { socketPath: runtime.lspSocket, token, version, want: "lsp" } as const;
    const handshake = await shakeHands({ ...hello, signal });
    switch (handshake.kind) {
      case "welcome":
        return {
          kind: "ready",
          value: handshake,
          version: handshake.version,
          leave: () => handshake.stream.destroy(),
        };
      case "absent":
      case "silent":
        return handshake;
      case "refused":
        break;
      default:
        return assertNever(handshake);
    }
    switch (handshake.code) {
      case "draining":
      case "token-wrong":
        return { kind: handshake.code };
      case "protocol-unknown":
        return { kind: handshake.code, version: handshake.version };
      case "too-many-clients":
      case "greeting-invalid":
        return { kind: "refused", message: handshake.message };
      default:
        return assertNever(handshake.code);
    }
  };
}

/** The health route is asked first: it tells whether the daemon is ours, and of which version. */
function approachHttp(): Approach<HttpClient> {
  return async ({ runtime, token }, signal) => {
    const client = createHttpClient({ socketPath: runtime.httpSocket, token });
    try {
      const { version } = await client.health(signal);
      return { kind: "ready", value: client, version, leave: () => undefined };
    } catch (error) {
      if (error instanceof DaemonRefusal && error.daemonCode === "draining") return { kind: "draining" };
      if (error instanceof DaemonRefusal && error.daemonCode === "token-wrong")
        return { kind: "token-wrong" };
      // It may be busy; the time for becoming ready is limited anyway.
      if (error instanceof Error && error.name === "AbortError") return { kind: "silent" };
      if (error instanceof AppError && error.code === "daemon-absent") return { kind: "absent" };
      throw error;
    }
  };
}
