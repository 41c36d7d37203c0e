/**
 * What this data home knows of models and projects, for lists and defaults: lowdb over `catalog.json`. All of it can be
 * made again by scanning manifests but the model that was chosen. A file that cannot be understood therefore stays as it
 * is, and its `problem` is told, until somebody chooses a model again; one of a newer version is never written.
 */

import { readdir, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Adapter, Low } from "lowdb";
import { z } from "zod";
import { writeFileAtomic } from "../base/atomicFile.js";
import type { DataHome } from "../base/dataHome.js";
import { reasonOf } from "../base/errorMessage.js";
import { AppError, systemErrorCode } from "../base/errors.js";
import { readRegularText } from "../base/regularFile.js";
import { listVersions, readManifest } from "./adapters.js";
import type { Project } from "./project.js";

const VERSION = 1;

// Loose: what another version adds is kept when this one writes.
const RegisteredCheckpoint = z.looseObject({
  /** sha256 of the file. */
  hash: z.string(),
  /** Absolute. */
  path: z.string(),
  /** Absolute path of the vocabulary chosen with it; null: the one found by the usual rules. */
  vocabularyPath: z.string().nullable(),
  addedAt: z.iso.datetime(),
});
export type RegisteredCheckpoint = z.infer<typeof RegisteredCheckpoint>;

const CatalogData = z.looseObject({
  v: z.int().positive(),
  checkpoints: z.array(RegisteredCheckpoint),
  /** Hash of the checkpoint in use; null: the embedded model. */
  currentCheckpoint: z.string().nullable(),
  projects: z.array(z.looseObject({ id: z.string(), name: z.string(), folder: z.string().nullable() })),
});
type CatalogData = z.infer<typeof CatalogData>;

/** The oldest entries beyond these go: a list for people, not an archive. */
const CHECKPOINTS_MAX = 100;
const PROJECTS_MAX = 10_000;

export interface Catalog {
  readonly data: CatalogData;
  /** One sentence where the file does not tell which model was chosen, so that the embedded one answers. */
  readonly problem: string | undefined;
  /**
   * Changes the data as they are on disk by now and writes them atomically. `replace` sets a file aside that cannot be
   * understood. Throws `catalog-write`, `catalog-damaged`, `catalog-newer`.
   */
  update(change: (data: CatalogData) => void, ifDamaged?: "keep" | "replace"): Promise<void>;
}

export async function openCatalog(home: DataHome): Promise<Catalog> {
  const stored = await readCatalog(home.catalog);
  const scanned = stored.data ? undefined : await scanHome(home);
  const low = new Low<CatalogData>(fileAdapter(home), stored.data ?? scanned ?? emptyCatalog());
  let problem = problemOf(home.catalog, { kind: stored.kind, hasData: stored.data !== undefined, scanned });
  let last: Promise<void> = Promise.resolve();
  return {
    get data() {
      return low.data;
    },
    get problem() {
      return problem;
    },
    update(change, ifDamaged = "keep") {
      // The daemon holds a catalog open for days, and commands change it meanwhile: what they wrote must stay.
      const updated = last.then(async () => {
        await makeWritable(home.catalog, ifDamaged);
        await low.read();
        await low.update(change);
        problem = undefined;
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
  }, "replace");
}

/** Goes back to the embedded model; registered checkpoints stay known. */
export function chooseEmbeddedModel(catalog: Catalog): Promise<void> {
  return catalog.update((data) => {
    data.currentCheckpoint = null;
  }, "replace");
}

/** The registered checkpoint in use; undefined: the embedded model. Throws `checkpoint-missing`. */
export async function checkpointInUse(catalog: Catalog): Promise<RegisteredCheckpoint | undefined> {
  const { checkpoints, currentCheckpoint } = catalog.data;
  if (currentCheckpoint === null) return undefined;
  const checkpoint = checkpoints.find((each) => each.hash === currentCheckpoint);
  if (!checkpoint) {
    throw new AppError(
      "checkpoint-missing",
      `the catalog names no file for the model in use (${currentCheckpoint.slice(0, 12)}…); choose it again with \`ouro model use FILE\``,
    );
  }
  if ((await stat(checkpoint.path).catch(() => undefined)) === undefined) {
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

/**
 * Remembers a project's folder, so that lists can show it; writes only when something is new, and never where the file
 * has a problem: that is for somebody who chooses a model to end.
 */
export async function rememberProject(catalog: Catalog, project: Project): Promise<void> {
  if (catalog.problem !== undefined) return;
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
  return { v: VERSION, checkpoints: [], currentCheckpoint: null, projects: [] };
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

/** `newer`: written by a later version of this program; what is known of it can be read where there are data. */
interface StoredCatalog {
  readonly kind: "read" | "missing" | "damaged" | "newer";
  readonly data?: CatalogData;
}

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
  const content = parseJson(text);
  const { data } = CatalogData.safeParse(content);
  const version = z.object({ v: z.int() }).safeParse(content).data?.v ?? VERSION;
  const kind = version > VERSION ? "newer" : data ? "read" : "damaged";
  return { kind, ...(data && { data }) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function problemOf(
  path: string,
  stored: {
    readonly kind: StoredCatalog["kind"];
    readonly hasData: boolean;
    readonly scanned?: CatalogData | undefined;
  },
): string | undefined {
  // Whoever learns writes it: where there are adapters, there was a catalog.
  const isLost = stored.kind === "missing" && (stored.scanned?.projects.length ?? 0) > 0;
  if (stored.hasData || (stored.kind === "missing" && !isLost)) return undefined;
  const reason = { missing: "is gone", damaged: "is damaged", newer: "is of a newer version", read: "" }[
    stored.kind
  ];
  const wayOut =
    stored.kind === "newer"
      ? "update Ouroboros"
      : "choose it again with `ouro model use FILE`, or `embedded` to keep this one";
  return `${path} ${reason}: if you had chosen a model it is not known, and the embedded one answers; ${wayOut}`;
}

/** Where the file cannot be understood, moves it aside or refuses. Throws `catalog-damaged`, `catalog-newer`, `catalog-write`. */
async function makeWritable(path: string, ifDamaged: "keep" | "replace"): Promise<void> {
  const { kind } = await readCatalog(path);
  if (kind === "newer") {
    throw new AppError(
      "catalog-newer",
      `${path} was written by a newer version of Ouroboros, and is not changed; update before choosing a model`,
    );
  }
  if (kind !== "damaged") return;
  if (ifDamaged === "keep") throw new AppError("catalog-damaged", `${path} is damaged, and is not changed`);
  const aside = `${path}.${new Date().toISOString().replaceAll(":", "-")}.damaged`;
  await rename(path, aside).catch((error: unknown) => {
    throw unwritable(path, error);
  });
}

function fileAdapter(home: DataHome): Adapter<CatalogData> {
  const path = home.catalog;
  return {
    async read() {
      const { kind, data } = await readCatalog(path);
      // What was remembered of a file that is gone since must not come back: somebody erased it.
      return data ?? (kind === "missing" ? scanHome(home) : null);
    },
    async write(data) {
      try {
        await writeFileAtomic(path, `${JSON.stringify(data, null, 2)}\n`);
      } catch (error) {
        throw unwritable(path, error);
      }
    },
  };
}

function unwritable(path: string, error: unknown): AppError {
  const reason = reasonOf(error);
  return new AppError("catalog-write", `cannot write ${path} (${reason})`, { cause: error });
}
