/** The files of one recipe source, from its archive or folder, in memory. Its licence is checked before they are given. */
import { createHash } from "node:crypto";
import { AppError } from "../../base/errors.js";
import { type RecipeSource, type RegistryPackage, sourceLabel } from "./recipe.js";
import { cachedArchive } from "./sources/archiveCache.js";
import { isAcceptedLicence } from "./sources/licence.js";
import { readLocalFolder } from "./sources/localFolder.js";
import type { PackageFile } from "./sources/packageFile.js";
import { isLicenceEvidence, statedLicence } from "./sources/statedLicence.js";
import { readTarball } from "./sources/tarball.js";
import { readWheel } from "./sources/wheel.js";
import { isWheelMetadata, readWheelMetadata } from "./sources/wheelMetadata.js";

/** A source that has been fetched and verified, not unpacked yet. */
export type FetchedSource =
  | { readonly kind: "archive"; readonly source: RegistryPackage; readonly archive: Uint8Array }
  | { readonly kind: "folder"; readonly source: Extract<RecipeSource, { registry: "folder" }> };

export async function fetchSource(options: {
  readonly source: RecipeSource;
  readonly cache: string;
  readonly signal: AbortSignal;
}): Promise<FetchedSource> {
  const { source, cache, signal } = options;
  if (source.registry === "folder") return { kind: "folder", source };
  return { kind: "archive", source, archive: await cachedArchive({ wanted: source, cache, signal }) };
}

interface SourceFiles {
  readonly files: readonly PackageFile[];
  /** The archive's, as the recipe pins it; of a folder, the hash of what was taken from it. */
  readonly integrity: string;
}

/**
 * The files that `isWanted` picks. Throws AppError `input-invalid` that names the source when its archive cannot be
 * unpacked, or when it is not under the licence that the recipe says.
 */
export async function sourceFiles(
  fetched: FetchedSource,
  isWanted: (path: string) => boolean,
): Promise<SourceFiles> {
  const { source } = fetched;
  const all = await unpack(fetched, (path) => isWanted(path) || isLicenceEvidence(path));
  checkLicence(source, all);
  const files = all.filter(({ path }) => isWanted(path));
  return { files, integrity: source.registry === "folder" ? contentHash(files) : source.integrity };
}

async function unpack(
  fetched: FetchedSource,
  isWanted: (path: string) => boolean,
): Promise<readonly PackageFile[]> {
  if (fetched.kind === "folder") return readLocalFolder(fetched.source.folder, isWanted);
  const { source, archive } = fetched;
  try {
    if (source.registry === "pypi") return withReadme(readWheel(archive, isWanted));
    return (await readTarball(archive)).filter(({ path }) => isWanted(path));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AppError(
      "input-invalid",
      `the archive of ${sourceLabel(source)} cannot be unpacked (${reason}); use another version of it`,
      { cause },
    );
  }
}

/** A wheel keeps its README inside METADATA; it is given as the file that it was. */
function withReadme(files: readonly PackageFile[]): PackageFile[] {
  const metadata = files.find(({ path }) => isWheelMetadata(path));
  if (metadata === undefined) return [...files];
  const { description, descriptionType } = readWheelMetadata(Buffer.from(metadata.bytes).toString("utf8"));
  if (descriptionType !== "text/markdown") return [...files];
  return [...files, { path: "README.md", bytes: Buffer.from(description) }];
}

function checkLicence(source: RecipeSource, files: readonly PackageFile[]): void {
  const stated = statedLicence(source.registry, files);
  if (stated === undefined) {
    throw new AppError(
      "input-invalid",
      `${sourceLabel(source)} states no licence that can be read, so it may not be trained on; remove it from the recipe`,
    );
  }
  if (stated !== source.licence || !isAcceptedLicence(stated)) {
    throw new AppError(
      "input-invalid",
      `${sourceLabel(source)} is under "${stated}", but the recipe says "${source.licence}"; correct or remove it`,
    );
  }
}

function contentHash(files: readonly PackageFile[]): string {
  const hash = createHash("sha256");
  for (const { path, bytes } of files) hash.update(`${path}\0${bytes.length}\0`).update(bytes);
  return `sha256:${hash.digest("hex")}`;
}
