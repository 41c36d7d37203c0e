/**
 * Where a running daemon and its clients meet: the private folder of sockets and token, and the disposable files
 * beside them. Whoever can write that folder could pose as the daemon and read what the user types, so it is used only
 * after it has been seen to belong to this user alone.
 */

import { createHash } from "node:crypto";
import { lstat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { DataHome } from "../../base/dataHome.js";
import { AppError, systemErrorCode } from "../../base/errors.js";
import { makeFolder } from "../../base/makeFolder.js";
import { readDiscovery } from "./discovery.js";

/** Socket paths live in a fixed field of the system: 104 bytes on macOS, 108 on Linux, with the zero at the end. */
const SOCKET_PATH_BYTES_MAX = 99;
const LSP_SOCKET = "lsp.sock";
const FOLDER_MODE = 0o700;
const OTHERS_MODE = 0o077;

interface Doors {
  /** Holds the token and, where sockets are files, the sockets. */
  readonly folder: string;
  readonly lspSocket: string;
  readonly httpSocket: string;
  readonly token: string;
}

export interface Runtime extends Doors {
  /** Where the doors are when the file system of `folder` holds no sockets (CIFS, shared folders of virtual machines). */
  readonly elsewhere: Doors | undefined;
  /** These lie in the data home, whatever the length of its path. */
  readonly lock: string;
  readonly discovery: string;
  readonly log: string;
  /** What the daemon's process says on its standard error: nothing, unless it breaks. */
  readonly lastWords: string;
}

/** The facts about this process and machine that decide the places. */
export interface Platform {
  readonly os: NodeJS.Platform;
  /** Undefined on Windows. */
  readonly uid: number | undefined;
  readonly runtimeFolder: string | undefined;
  readonly temporaryFolder: string;
}

export function platformOf(environment: Readonly<Record<string, string | undefined>>): Platform {
  return {
    os: process.platform,
    uid: process.getuid?.(),
    runtimeFolder: environment.XDG_RUNTIME_DIR || undefined,
    temporaryFolder: tmpdir(),
  };
}

/** Names the places; touches nothing. */
export function locateRuntime(home: DataHome, platform: Platform): Runtime {
  const hash = createHash("sha256").update(home.root).digest("hex").slice(0, 16);
  const beside = {
    lock: join(home.runtime, "daemon.lock"),
    discovery: join(home.runtime, "daemon.json"),
    log: join(home.runtime, "log"),
    lastWords: join(home.runtime, "log", "stderr.txt"),
  };
  if (platform.os === "win32") {
    const folder = home.runtime;
    const pipe = `\\\\.\\pipe\\ouroboros-${hash}`;
    const token = join(folder, "token");
    const doors = { folder, lspSocket: `${pipe}-lsp`, httpSocket: `${pipe}-http`, token };
    return { ...beside, ...doors, elsewhere: undefined };
  }
  const inHome = doorsIn(home.runtime);
  const short = `ouroboros-${platform.uid ?? 0}-${hash}`;
  const elsewhere = doorsIn(join(platform.runtimeFolder ?? platform.temporaryFolder, short));
  const fits = Buffer.byteLength(inHome.httpSocket) <= SOCKET_PATH_BYTES_MAX;
  return fits ? { ...beside, ...inHome, elsewhere } : { ...beside, ...elsewhere, elsewhere: undefined };
}

function doorsIn(folder: string): Doors {
  return {
    folder,
    lspSocket: join(folder, LSP_SOCKET),
    httpSocket: join(folder, "http.sock"),
    token: join(folder, "token"),
  };
}

/** For the daemon, once it has its place: the doors that its file systems can hold. Throws `runtime-unsafe`. */
export async function usableRuntime(
  runtime: Runtime,
  platform: Platform,
  holdsSockets: (folder: string) => Promise<boolean>,
): Promise<Runtime> {
  const { elsewhere } = runtime;
  if (elsewhere === undefined || (await holdsSockets(runtime.folder))) return runtime;
  const moved = { ...runtime, ...elsewhere, elsewhere: undefined };
  await prepareRuntime(moved, platform);
  return moved;
}

/**
 * For clients: the doors that the daemon names in its note, where they lie in a private folder of this user's. They may be
 * others than this process would choose: its home may be spelled in another way, or its environment name another place.
 */
export async function meetingPlace(runtime: Runtime, platform: Platform): Promise<Runtime> {
  if (platform.os === "win32") return runtime;
  const { lspSocket } = (await readDiscovery(runtime.discovery)) ?? {};
  if (lspSocket === undefined || lspSocket === runtime.lspSocket) return runtime;
  const doors = doorsIn(dirname(lspSocket));
  const isOurs =
    doors.lspSocket === lspSocket && (await checkFolder(doors.folder, platform).catch(() => false));
  return isOurs ? { ...runtime, ...doors, elsewhere: undefined } : runtime;
}

/** Creates the folders that are missing, and checks them. Throws `runtime-unsafe`. */
export async function prepareRuntime(runtime: Runtime, platform: Platform): Promise<void> {
  for (const folder of [runtime.folder, runtime.log]) {
    try {
      await makeFolder(folder, FOLDER_MODE);
    } catch (error) {
      const reason = systemErrorCode(error) ?? "unknown reason";
      throw new AppError(
        "runtime-unsafe",
        `cannot create ${folder} (${reason}); set OURO_HOME to a folder of your own`,
        {
          cause: error,
        },
      );
    }
    await checkFolder(folder, platform);
  }
}

/** False: there is no such folder yet, so nobody serves there. Throws `runtime-unsafe`. */
export async function isRuntimePrepared(runtime: Runtime, platform: Platform): Promise<boolean> {
  return await checkFolder(runtime.folder, platform);
}

async function checkFolder(folder: string, platform: Platform): Promise<boolean> {
  const found = await lstat(folder).catch((error: unknown) => {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw error;
  });
  if (found === undefined) return false;
  // Windows keeps permissions elsewhere; its pipes are guarded by the token alone.
  if (platform.os === "win32") return true;
  const refuse = (what: string, way: string) =>
    new AppError("runtime-unsafe", `${folder} ${what}; ${way}, or set OURO_HOME to a folder of your own`);
  if (found.isSymbolicLink()) throw refuse("is a link to somewhere else", "remove it");
  if (!found.isDirectory()) throw refuse("is not a folder", "remove it");
  if (found.uid !== platform.uid) throw refuse("belongs to another user", "have it removed");
  if ((found.mode & OTHERS_MODE) !== 0) {
    const mode = (found.mode & 0o777).toString(8);
    throw refuse(`is open to other users (mode ${mode})`, `run \`chmod 700 ${folder}\``);
  }
  return true;
}
