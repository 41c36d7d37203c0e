/**
 * Where everything the user taught lives: `OURO_HOME`, else the platform's place for application data.
 * Knows the layout, not the contents; what each folder holds is said by `journal/` and `store/`.
 */

import { randomUUID } from "node:crypto";
import { chmod, open, stat, unlink } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import envPaths from "env-paths";
import { reasonOf } from "./errorMessage.js";
import { AppError } from "./errors.js";
import { makeFolder } from "./makeFolder.js";

export interface DataHome {
  readonly root: string;
  /** Segments of the journal: the source of truth. */
  readonly journal: string;
  /** `<checkpoint>/<project>/<version>.safetensors` and manifests: rebuildable from checkpoint and journal. */
  readonly adapters: string;
  readonly states: string;
  readonly models: string;
  /** Locks, sockets, logs: disposable. */
  readonly runtime: string;
  /** File; rebuildable by scanning. */
  readonly catalog: string;
}

/** Only the user may read what the user wrote. */
const FOLDER_MODE = 0o700;
const OTHERS_MODE = 0o077;
const STICKY_MODE = 0o1000;

/** Names the places; touches nothing. `environment` is `process.env` where it is read. */
export function locateDataHome(environment: { readonly OURO_HOME?: string | undefined }): DataHome {
  const root = environment.OURO_HOME
    ? resolve(environment.OURO_HOME)
    : envPaths("ouroboros", { suffix: "" }).data;
  return {
    root,
    journal: join(root, "journal"),
    adapters: join(root, "adapters"),
    states: join(root, "states"),
    models: join(root, "models"),
    runtime: join(root, "runtime"),
    catalog: join(root, "catalog.json"),
  };
}

/** Creates the folders that are missing and proves that they can be written. Throws `home-unwritable`. */
export async function prepareDataHome(home: DataHome): Promise<void> {
  const folders = [home.root, home.journal, home.adapters, home.states, home.models, home.runtime];
  for (const folder of folders) {
    try {
      await makeFolder(folder, FOLDER_MODE);
      // The folder of sockets and token is refused instead, by who is about to use it.
      if (folder !== home.runtime) await tighten(folder);
      await probe(folder);
    } catch (error) {
      const reason = reasonOf(error);
      throw new AppError(
        "home-unwritable",
        `cannot write to ${folder} (${reason}); free or repair it, or set OURO_HOME to a folder you can write to`,
        { cause: error },
      );
    }
  }
}

/**
 * Closes a folder of this user's that is open to others. A folder that is more than a data home (sticky as /tmp is, or
 * the user's own) stays as it is: what lies in it is closed.
 */
async function tighten(folder: string): Promise<void> {
  const { uid, mode } = await stat(folder);
  if (uid !== process.getuid?.() || (mode & OTHERS_MODE) === 0) return;
  if ((mode & STICKY_MODE) === 0 && folder !== homedir()) await chmod(folder, FOLDER_MODE);
}

/** Permission bits lie on network and read-only file systems, so only a real write is proof. */
async function probe(folder: string): Promise<void> {
  const path = join(folder, `.probe-${randomUUID()}`);
  const file = await open(path, "wx", 0o600);
  try {
    await file.write("ouro");
  } finally {
    await file.close();
    await unlink(path);
  }
}
