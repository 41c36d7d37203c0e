/**
 * What a correction belongs to: the git work tree that holds a folder, else the folder itself. The id is stable
 * while the folder stays where it is, readable, and fit for a file name; symbolic links lead to the same id.
 */

import { createHash } from "node:crypto";
import { realpath, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

export interface Project {
  /** `<name>-<12 hex digits of the folder's digest>`. */
  readonly id: string;
  readonly name: string;
  /** Absolute, without symbolic links. */
  readonly folder: string;
}

/** No sane tree is deeper; ends the walk upwards on a strange file system. */
const DEPTH_MAX = 256;
const ID_DIGITS = 12;
const NAME_LENGTH_MAX = 32;

/** The project of `folder`, which must exist. `otherwise`: the folder that counts where there is no git, if any. */
export async function projectOf(folder: string, otherwise?: string): Promise<Project> {
  const start = await realpath(folder);
  const root = (await gitRootOf(start)) ?? (otherwise === undefined ? start : await realpath(otherwise));
  const name = basename(root) || "root";
  const readable = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
  const digest = createHash("sha256").update(root).digest("hex").slice(0, ID_DIGITS);
  return { id: `${readable.slice(0, NAME_LENGTH_MAX)}-${digest}`, name, folder: root };
}

/** `.git` is a folder in a clone and a file in a linked work tree. */
async function gitRootOf(start: string): Promise<string | undefined> {
  let folder = start;
  for (let depth = 0; depth < DEPTH_MAX; depth++) {
    const found = await stat(join(folder, ".git")).catch(() => undefined);
    if (found) return folder;
    const parent = dirname(folder);
    if (parent === folder) return undefined;
    folder = parent;
  }
  return undefined;
}
