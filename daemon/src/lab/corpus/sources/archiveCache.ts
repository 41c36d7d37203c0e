/**
 * A folder of fetched archives, each checked against the recipe's integrity before use. An archive that is there and
 * intact is not fetched again, so a stopped build goes on with what it has.
 */
import { createHash } from "node:crypto";
import { mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../../../base/errors.js";
import { makeFolder } from "../../../base/makeFolder.js";
import { readRegularFile } from "../../../base/regularFile.js";
import type { Registry, RegistryPackage } from "../recipe.js";
import { fetchArchive } from "./registryClients.js";

/** The fields that name one archive and no other. */
type WantedArchive = Pick<RegistryPackage, "registry" | "name" | "version" | "integrity">;

interface ArchiveOptions {
  readonly wanted: WantedArchive;
  /** Folder of the cache; made when missing. */
  readonly cache: string;
  readonly signal: AbortSignal;
}

/** The verified bytes of one archive. Throws an Error that names the package; aborts with the signal's reason. */
export async function cachedArchive({ wanted, cache, signal }: ArchiveOptions): Promise<Uint8Array> {
  signal.throwIfAborted();
  const path = join(cache, archiveName(wanted));
  const known = await readRegularFile(path).catch(() => undefined);
  if (known !== undefined && isIntact(known, wanted)) return known;

  await makeFolder(cache);
  const folder = await mkdtemp(join(cache, "fetch-"));
  try {
    const fetched = await fetchArchive({ wanted, folder, signal });
    const bytes = await readRegularFile(fetched);
    if (!isIntact(bytes, wanted)) {
      throw new AppError(
        "input-invalid",
        `${wanted.name}@${wanted.version} is not the archive that the recipe names (it has ${integrityOf(bytes, wanted.registry)}); correct the recipe`,
      );
    }
    await rename(fetched, path);
    return bytes;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function isIntact(bytes: Uint8Array, wanted: WantedArchive): boolean {
  return integrityOf(bytes, wanted.registry) === wanted.integrity;
}

/** The hash of an archive as its registry writes it: npm `sha512-` and base64, PyPI and crates.io `sha256:` and hex. */
export function integrityOf(bytes: Uint8Array, registry: Registry): string {
  if (registry === "npm") return `sha512-${createHash("sha512").update(bytes).digest("base64")}`;
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

const EXTENSIONS = { npm: ".tgz", pypi: ".whl", crates: ".crate" } as const;

/** The name of an archive in the cache; `@scope/name` becomes `scope-name`. */
export function archiveName({ registry, name, version }: Omit<WantedArchive, "integrity">): string {
  return `${name.replace(/^@/, "").replace("/", "-")}-${version}${EXTENSIONS[registry]}`;
}
