/**
 * Adapter files of one checkpoint and project: `000012.safetensors` with the manifest `000012.json`. A version is
 * valid when its manifest is there and the file has the digest that the manifest names; anything else (a crash
 * between the two, a rotten disk) does not count. Which version is current is the journal's to say, not ours.
 */

import { randomBytes } from "node:crypto";
import { chmod, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { hashFile, moveIntoPlace, TEMPORARY_SUFFIX, writeFileAtomic } from "../base/atomicFile.js";
import type { DataHome } from "../base/dataHome.js";
import { reasonOf } from "../base/errorMessage.js";
import { AppError, systemErrorCode } from "../base/errors.js";
import { makeFolder } from "../base/makeFolder.js";
import { readRegularText } from "../base/regularFile.js";

const AdapterManifest = z.strictObject({
  v: z.literal(1),
  version: z.int().positive(),
  /** The version it was trained from; 0 is the base. */
  parent: z.int().nonnegative(),
  at: z.iso.datetime(),
  checkpoint: z.strictObject({ hash: z.string(), path: z.string().nullable() }),
  vocabulary: z.string(),
  project: z.strictObject({ id: z.string(), name: z.string() }),
  parameters: z.json(),
  /** The corrections that it holds, oldest first. */
  corrections: z.array(z.string()),
  lossBefore: z.number(),
  lossAfter: z.number(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.int().nonnegative(),
});
type AdapterManifest = z.infer<typeof AdapterManifest>;

type StoredAdapter =
  | { readonly kind: "valid"; readonly path: string; readonly manifest: AdapterManifest }
  | { readonly kind: "missing" | "corrupt"; readonly path: string };

/** Of a checkpoint's sha256: enough to tell a user's models apart, short enough to read. */
const CHECKPOINT_DIGITS = 16;
const FILE_NAME = /^(\d{6,})\.(?:safetensors|json)$/;
/** Versions along the current line whose files stay: undo of these needs no training. */
const LAST_KEPT = 8;
/** Beyond them every 16th stays, so that undoing an old correction starts near it; at most 8 of those. */
const SNAPSHOT_EVERY = 16;
const SNAPSHOTS_KEPT = 8;

export function adapterFolder(
  home: DataHome,
  owner: { readonly checkpoint: string; readonly project: string },
): string {
  return join(home.adapters, owner.checkpoint.slice(0, CHECKPOINT_DIGITS), owner.project);
}

/** Every version with any file in `folder`, valid or not, ascending. */
export async function listVersions(folder: string): Promise<number[]> {
  const names = await namesIn(folder);
  const versions = names.map((name) => Number(FILE_NAME.exec(name)?.[1])).filter((version) => version > 0);
  return [...new Set(versions)].sort((a, b) => a - b);
}

/** Reads and checks one version, its digest included. `expectedSha256` is the journal's word for it. */
export async function checkAdapter(options: {
  readonly folder: string;
  readonly version: number;
  readonly expectedSha256?: string;
}): Promise<StoredAdapter> {
  const path = tensorsPath(options.folder, options.version);
  const exists = (await stat(path).catch(() => undefined)) !== undefined;
  if (!exists) return { kind: "missing", path };
  const manifest = await readManifest(options.folder, options.version);
  if (manifest?.version !== options.version) return { kind: "corrupt", path };
  const sha256 = await hashFile(path).catch(() => "");
  const isWhole = sha256 === manifest.sha256 && sha256 === (options.expectedSha256 ?? sha256);
  return isWhole ? { kind: "valid", path, manifest } : { kind: "corrupt", path };
}

/** Whether a version's files are there, as far as their names, sizes and manifest tell; loading it reads the rest. */
export async function isStored(options: {
  readonly folder: string;
  readonly version: number;
  readonly expectedSha256?: string;
}): Promise<boolean> {
  const { folder, version, expectedSha256 } = options;
  const file = await stat(tensorsPath(folder, version)).catch(() => undefined);
  const manifest = file && (await readManifest(folder, version));
  if (manifest?.version !== version || manifest.bytes !== file?.size) return false;
  return manifest.sha256 === (expectedSha256 ?? manifest.sha256);
}

/** Tensors on disk under a passing name, not yet a version. */
interface StagedAdapter {
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** Lets `save` write the tensors beside their later place. Throws `adapter-write`, with nothing left behind. */
export async function stageAdapter(
  folder: string,
  save: (path: string) => Promise<void>,
): Promise<StagedAdapter> {
  const path = join(folder, `staged-${randomBytes(6).toString("hex")}.safetensors${TEMPORARY_SUFFIX}`);
  try {
    await makeFolder(folder, 0o700);
    await save(path);
    await chmod(path, 0o600);
    return { path, sha256: await hashFile(path), bytes: (await stat(path)).size };
  } catch (error) {
    await rm(path, { force: true });
    throw unwritable(folder, error);
  }
}

/** Makes a staged adapter a version: tensors first, the manifest last, each durable before the next. */
export async function commitAdapter(options: {
  readonly folder: string;
  readonly staged: StagedAdapter;
  readonly manifest: Omit<AdapterManifest, "v" | "sha256" | "bytes">;
}): Promise<void> {
  const { folder, staged } = options;
  const { sha256, bytes } = staged;
  const manifest: AdapterManifest = { v: 1, ...options.manifest, sha256, bytes };
  try {
    await moveIntoPlace(staged.path, tensorsPath(folder, manifest.version));
    await writeFileAtomic(manifestPath(folder, manifest.version), `${JSON.stringify(manifest, null, 2)}\n`);
  } catch (error) {
    throw unwritable(folder, error);
  }
}

/**
 * Deletes all versions but `keep`, and what a crash left under a passing name. What an undone version knew is
 * thereby gone from the disk too. A file that will not go is left for the next time.
 */
export async function pruneAdapters(folder: string, keep: ReadonlySet<number>): Promise<void> {
  for (const name of await namesIn(folder)) {
    const version = Number(FILE_NAME.exec(name)?.[1]);
    const isSpare = name.endsWith(TEMPORARY_SUFFIX) || (version > 0 && !keep.has(version));
    if (isSpare) await rm(join(folder, name), { force: true }).catch(() => undefined);
  }
}

/** `line`: versions from the oldest to the current one. The newest few and sparse snapshots stay. */
export function versionsToKeep(line: readonly number[]): Set<number> {
  const snapshots = line.filter((_version, index) => (index + 1) % SNAPSHOT_EVERY === 0);
  return new Set([...snapshots.slice(-SNAPSHOTS_KEPT), ...line.slice(-LAST_KEPT)]);
}

/** The manifest, or undefined where it is missing or malformed. */
export async function readManifest(folder: string, version: number): Promise<AdapterManifest | undefined> {
  try {
    return AdapterManifest.parse(JSON.parse(await readRegularText(manifestPath(folder, version))));
  } catch {
    return undefined;
  }
}

export function tensorsPath(folder: string, version: number): string {
  return join(folder, `${String(version).padStart(6, "0")}.safetensors`);
}

function manifestPath(folder: string, version: number): string {
  return join(folder, `${String(version).padStart(6, "0")}.json`);
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: unknown) => {
    if (systemErrorCode(error) === "ENOENT") return [];
    throw error;
  });
}

function unwritable(folder: string, error: unknown): AppError {
  return new AppError(
    "adapter-write",
    `cannot write an adapter to ${folder} (${reasonOf(error)}); nothing was learned or lost`,
    { cause: error },
  );
}
