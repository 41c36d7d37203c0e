/**
 * Begins to listen: on a socket of the runtime folder, or on a port of the loopback address. Called by the holder of
 * the daemon's lock only, so what lies at a socket's path is a dead predecessor's, unless something answers there.
 */

import { randomBytes } from "node:crypto";
import { lstatSync, unlinkSync } from "node:fs";
import { chmod, lstat, rename } from "node:fs/promises";
import { createConnection, createServer, type Server } from "node:net";
import { dirname, join } from "node:path";
import { TEMPORARY_SUFFIX } from "../../base/atomicFile.js";
import { AppError, systemErrorCode } from "../../base/errors.js";

/** A living listener of this machine answers at once. */
const PROBE_MS = 100;
const SOCKET_MODE = 0o600;
/** The only address beside the sockets: nobody outside this machine reaches it. */
const LOOPBACK = "127.0.0.1";

/**
 * The result removes the socket's file, if the path still leads to this one. A server that is closed removes whatever
 * lies at the path where it began to listen, another daemon's door as well: so it begins at a name of its own, is closed
 * to others, and takes the path then, over whatever a dead one left. Throws `socket-taken`.
 */
export async function listenOnSocket(server: Server, path: string): Promise<() => void> {
  const listenAt = (where: string) =>
    listen(server, { path: where }).catch((error: unknown) => {
      throw systemErrorCode(error) === "EADDRINUSE" ? taken(path) : error;
    });
  if (process.platform === "win32") {
    await listenAt(path);
    return () => undefined;
  }
  if (await isAnswering(path)) throw taken(path);
  // No longer than the paths of sockets, which have a limit.
  const ownPath = join(dirname(path), `${randomBytes(2).toString("hex")}${TEMPORARY_SUFFIX}`);
  await listenAt(ownPath);
  await chmod(ownPath, SOCKET_MODE);
  await rename(ownPath, path);
  const own = await lstat(path, { bigint: true });
  return () => {
    try {
      const there = lstatSync(path, { bigint: true });
      if (there.dev === own.dev && there.ino === own.ino) unlinkSync(path);
    } catch {
      // It is gone, with its folder perhaps.
    }
  };
}

/** What systems say where a file system has no sockets: CIFS, 9p, folders shared with a virtual machine. */
const NO_SOCKETS = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EINVAL", "EACCES"]);

/** Whether a socket can be made in `folder`; tried with one that is gone afterwards. */
export async function holdsSockets(folder: string): Promise<boolean> {
  const server = createServer();
  try {
    await listen(server, { path: join(folder, `${randomBytes(2).toString("hex")}${TEMPORARY_SUFFIX}`) });
    return true;
  } catch (error) {
    // Anything else is told by who listens there.
    return !NO_SOCKETS.has(systemErrorCode(error) ?? "");
  } finally {
    server.close();
  }
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
