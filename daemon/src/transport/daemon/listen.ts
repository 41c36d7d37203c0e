/**
 * Begins to listen: on a socket of the runtime folder, or on a port of the loopback address. Called by the holder of
 * the daemon's lock only, so what lies at a socket's path is a dead predecessor's, unless something answers there.
 */

import { chmod, unlink } from "node:fs/promises";
import { createConnection, type Server } from "node:net";
import { AppError, systemErrorCode } from "../../base/errors.js";

/** A living listener of this machine answers at once. */
const PROBE_MS = 100;
const SOCKET_MODE = 0o600;
/** The only address beside the sockets: nobody outside this machine reaches it. */
const LOOPBACK = "127.0.0.1";

/** Throws `socket-taken`. */
export async function listenOnSocket(server: Server, path: string): Promise<void> {
  const isFile = process.platform !== "win32";
  if (isFile) {
    if (await isAnswering(path)) throw taken(path);
    await unlink(path).catch((error: unknown) => {
      if (systemErrorCode(error) !== "ENOENT") throw error;
    });
  }
  await listen(server, { path }).catch((error: unknown) => {
    throw systemErrorCode(error) === "EADDRINUSE" ? taken(path) : error;
  });
  if (isFile) await chmod(path, SOCKET_MODE);
}

/** Throws `socket-taken`. */
export async function listenOnPort(server: Server, port: number): Promise<void> {
  await listen(server, { host: LOOPBACK, port, exclusive: true }).catch((error: unknown) => {
    const code = systemErrorCode(error) ?? "unknown reason";
    throw new AppError(
      "socket-taken",
      `cannot listen on ${LOOPBACK}:${port} (${code}); set "ouroboros.http.port" to a free port, or to 0 for none`,
      { cause: error },
    );
  });
}

function taken(path: string): AppError {
  return new AppError("socket-taken", `somebody else listens at ${path}; end that process and try again`);
}

function listen(
  server: Server,
  where:
    | { readonly path: string }
    | { readonly host: string; readonly port: number; readonly exclusive: true },
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(where, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/** Only a refusal, or nothing there, proves that nobody listens. */
function isAnswering(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    const end = (isAnswered: boolean) => {
      socket.destroy();
      resolve(isAnswered);
    };
    socket.setTimeout(PROBE_MS, () => end(true));
    socket.once("connect", () => end(true));
    socket.once("error", (error) => {
      const code = systemErrorCode(error);
      end(code !== "ECONNREFUSED" && code !== "ENOENT");
    });
  });
}
