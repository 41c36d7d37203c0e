/**
 * What this data home knows of models and projects, for lists and defaults: lowdb over `catalog.json`.
 * A convenience, never the truth: a missing or damaged catalog is set aside and made again by scanning manifests.
 */

import { readdir, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Adapter, Low } from "lowdb";
import { z } from "zod";
import { writeFileAtomic } from "../base/atomicFile.js";
import type { DataHome } from "../base/dataHome.js";
import { AppError, systemErrorCode } from "../base/errors.js";
import { readRegularText } from "../base/regularFile.js";
import { listVersions, readManifest } from "./adapters.js";
import type { Project } from "./project.js";

const RegisteredCheckpoint = z.strictObject({
  /** sha256 of the file. */
  hash: z.string(),
  /** Absolute. */
  path: z.string(),
  /** Absolute path of the vocabulary chosen with it; null: the one found by the usual rules. */
  vocabularyPath: z.string().nullable(),
  addedAt: z.iso.datetime(),
});
export type RegisteredCheckpoint = z.infer<typeof RegisteredCheckpoint>;

const CatalogData = z.strictObject({
  v: z.literal(1),
  checkpoints: z.array(RegisteredCheckpoint),
  /** Hash of the checkpoint in use; null: the embedded model. */
  currentCheckpoint: z.string().nullable(),
  projects: z.array(z.strictObject({ id: z.string(), name: z.string(), folder: z.string().nullable() })),
});
type CatalogData = z.infer<typeof CatalogData>;

/** The oldest entries beyond these go: a list for people, not an archive. */
const CHECKPOINTS_MAX = 100;
const PROJECTS_MAX = 10_000;

export interface Catalog {
  readonly data: CatalogData;
  /** True when the file was damaged and has been made again. */
  readonly wasRebuilt: boolean;
  /** Changes the data as they are on disk by now and writes them atomically. Throws `catalog-write`. */
  update(change: (data: CatalogData) => void): Promise<void>;
}

export async function openCatalog(home: DataHome): Promise<Catalog> {
  const stored = await readCatalog(home.catalog);
  const low = new Low<CatalogData>(fileAdapter(home.catalog), stored.data ?? (await scanHome(home)));
  if (stored.kind === "damaged") {
    await rename(home.catalog, `${home.catalog}.damaged`);
    await low.write();
  }
  let last: Promise<void> = Promise.resolve();
  return {
    get data() {
      return low.data;
    },
    wasRebuilt: stored.kind === "damaged",
    update(change) {
      // The daemon holds a catalog open for days, and commands change it meanwhile: what they wrote must stay.
      const updated = last.then(async () => {
        await low.read();
        await low.update(change);
      });
      last = updated.catch(() => undefined);
      return updated;
    },
  };
}

/** Registers a checkpoint (or its new place) and makes it the one in use. */
export function chooseCheckpoint(catalog: Catalog, checkpoint: RegisteredCheckpoint): Promise<void> {
  return catalog.update((data) => {
    const others = data.checkpoints.filter((known) => known.hash !== checkpoint.hash);
    data.checkpoints = [...others, checkpoint].slice(-CHECKPOINTS_MAX);
    data.currentCheckpoint = checkpoint.hash;
  });
}

/** Goes back to the embedded model; registered checkpoints stay known. */
export function chooseEmbeddedModel(catalog: Catalog): Promise<void> {
  return catalog.update((data) => {
    data.currentCheckpoint = null;
  });
}

/** The registered checkpoint in use; undefined: the embedded model. Throws `checkpoint-missing`. */
export async function checkpointInUse(catalog: Catalog): Promise<RegisteredCheckpoint | undefined> {
  const { checkpoints, currentCheckpoint } = catalog.data;
  const checkpoint = checkpoints.find((each) => each.hash === currentCheckpoint);
  if (checkpoint && (await stat(checkpoint.path).catch(() => undefined)) === undefined) {
    throw new AppError(
      "checkpoint-missing",
      `the model file ${checkpoint.path} is gone; register it at its new place with \`ouro model use FILE\``,
    );
  }
  return checkpoint;
}

/** Throws `checkpoint-changed` where the file that was loaded is not the one that was registered. */
export function checkCheckpoint(checkpoint: RegisteredCheckpoint, loadedHash: string): void {
  if (checkpoint.hash === loadedHash) return;
  throw new AppError(
    "checkpoint-changed",
    `${checkpoint.path} is another model than when it was registered; restore it, or register it anew with \`ouro model use FILE\``,
  );
}

/** Remembers a project's folder, so that lists can show it; writes only when something is new. */
export async function rememberProject(catalog: Catalog, project: Project): Promise<void> {
  const known = catalog.data.projects.find((each) => each.id === project.id);
  if (known?.folder === project.folder) return;
  await catalog.update((data) => {
    const others = data.projects.filter((each) => each.id !== project.id);
    data.projects = [...others, { id: project.id, name: project.name, folder: project.folder }].slice(
      -PROJECTS_MAX,
    );
  });
}

function emptyCatalog(): CatalogData {
  return { v: 1, checkpoints: [], currentCheckpoint: null, projects: [] };
}

/** Checkpoints and projects as the adapters' manifests name them. A model that never learned must be added again. */
async function scanHome(home: DataHome): Promise<CatalogData> {
  const data = emptyCatalog();
  for (const checkpoint of await foldersIn(home.adapters)) {
    for (const project of await foldersIn(join(home.adapters, checkpoint))) {
      const folder = join(home.adapters, checkpoint, project);
      const manifest = await newestManifest(folder);
      if (!manifest) continue;
      const { hash, path } = manifest.checkpoint;
      const isKnown = data.checkpoints.some((known) => known.hash === hash);
      if (path !== null && !isKnown) {
        data.checkpoints.push({ hash, path, vocabularyPath: null, addedAt: manifest.at });
      }
      if (!data.projects.some((known) => known.id === manifest.project.id)) {
        data.projects.push({ ...manifest.project, folder: null });
      }
    }
  }
  return data;
}

async function newestManifest(folder: string) {
  for (const version of (await listVersions(folder)).reverse()) {
    const manifest = await readManifest(folder, version);
    if (manifest) return manifest;
  }
  return undefined;
}

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

type StoredCatalog =
  | { readonly kind: "read"; readonly data: CatalogData }
  | { readonly kind: "missing" | "damaged"; readonly data?: undefined };

async function readCatalog(path: string): Promise<StoredCatalog> {
  let text: string;
  try {
    text = await readRegularText(path);
  } catch (error) {
    if (error instanceof AppError) throw error;
    const reason = systemErrorCode(error);
    if (reason === "ENOENT") return { kind: "missing" };
    throw new AppError("catalog-read", `cannot read ${path} (${reason}); check its permissions`, {
      cause: error,
    });
  }
  try {
    return { kind: "read", data: CatalogData.parse(JSON.parse(text)) };
  } catch {
    return { kind: "damaged" };
  }
}

function fileAdapter(path: string): Adapter<CatalogData> {
  return {
    async read() {
      return (await readCatalog(path)).data ?? null;
    },
    async write(data) {
      try {
        await writeFileAtomic(path, `${JSON.stringify(data, null, 2)}\n`);
      } catch (error) {
        const reason = systemErrorCode(error) ?? "unknown reason";
        throw new AppError("catalog-write", `cannot write ${path} (${reason})`, { cause: error });
      }
    },
  };
}
