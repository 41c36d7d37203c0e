/**
 * Brings the recipe's tarballs into a cache folder through the ordinary npm client, never running a package's
 * scripts, and checks each against its integrity before use. A tarball that is there and intact is not fetched again.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../errors.js";

export interface WantedTarball {
  readonly name: string;
  readonly version: string;
  readonly integrity: string;
}

export interface TarballOptions {
  readonly wanted: WantedTarball;
  /** Folder of the cache; made when missing. */
  readonly cache: string;
  readonly signal: AbortSignal;
}

/** The verified bytes of one tarball. Throws an Error that names the package; aborts with the signal's reason. */
export async function cachedTarball({ wanted, cache, signal }: TarballOptions): Promise<Uint8Array> {
  signal.throwIfAborted();
  const path = join(cache, tarballName(wanted));
  const known = await readFile(path).catch(() => undefined);
  if (known !== undefined && integrityOf(known) === wanted.integrity) return known;

  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, "fetch-"));
  try {
    await npmPack({ wanted, folder, signal });
    const [file] = await readdir(folder);
    if (file === undefined)
      throw new AppError("input-invalid", `npm packed no file for ${wanted.name}@${wanted.version}`);
    const bytes = await readFile(join(folder, file));
    if (integrityOf(bytes) !== wanted.integrity) {
      throw new AppError(
        "input-invalid",
        `${wanted.name}@${wanted.version} is not the tarball that the recipe names (its sha512 differs); correct the recipe`,
      );
    }
    await rename(join(folder, file), path);
    return bytes;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export function integrityOf(bytes: Uint8Array): string {
  return `sha512-${createHash("sha512").update(bytes).digest("base64")}`;
}

/** The file name that `npm pack` gives: `@scope/name` becomes `scope-name`. */
export function tarballName({ name, version }: Pick<WantedTarball, "name" | "version">): string {
  return `${name.replace(/^@/, "").replace("/", "-")}-${version}.tgz`;
}

/** npm prints its reason first. */
const ERROR_TEXT_MAX = 4_000;
const REASON_CHARACTERS_MAX = 300;

function npmPack(options: { wanted: WantedTarball; folder: string; signal: AbortSignal }): Promise<void> {
  const { wanted, folder, signal } = options;
  const specification = `${wanted.name}@${wanted.version}`;
  return new Promise((resolve, reject) => {
    const child = spawn("npm", ["pack", specification, "--ignore-scripts", "--loglevel=error"], {
      cwd: folder,
      signal,
      stdio: ["ignore", "ignore", "pipe"],
      // npm is a command script on Windows; the recipe door admits no character that a shell would read.
      shell: process.platform === "win32",
    });
    let errors = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      errors = (errors + text).slice(0, ERROR_TEXT_MAX);
    });
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve();
      else {
        const reason = errors
          .replace(/^npm (error|ERR!) ?/gm, "")
          .replace(/\s+/g, " ")
          .slice(0, REASON_CHARACTERS_MAX);
        reject(
          new AppError("input-invalid", `npm could not fetch ${specification}: ${reason || `exit ${code}`}`),
        );
      }
    });
  });
}
