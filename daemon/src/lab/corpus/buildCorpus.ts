/**
 * Builds a corpus from a recipe: fetch, unpack in memory, clean, remove twins, hold out, write. One package at a time,
 * the next few being fetched meanwhile, so that memory holds one unpacked package and never the corpus.
 * The result depends on the recipe alone. Stopped at any point, it leaves the earlier result and the cached archives
 * whole, and the next run goes on from those.
 */

import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "../../base/atomicFile.js";
import { AppError } from "../../base/errors.js";
import { type OnProgress, startPhase } from "../../base/progress.js";
import { Deduplicator } from "./deduplicate.js";
import { type CorpusDocument, type CorpusManifest, DocumentWriter, MANIFEST_FILE } from "./documents.js";
import { matcher } from "./glob.js";
import { type CorpusRecipe, type RecipeSource, sourceLabel } from "./recipe.js";
import { selectFiles } from "./selectFiles.js";
import { type FetchedSource, fetchSource, sourceFiles } from "./sourceFiles.js";
import { ATTRIBUTION_FILE, attributionTable } from "./sources/attribution.js";
import { prefetch } from "./sources/prefetch.js";

interface BuildCorpusOptions {
  readonly recipe: CorpusRecipe;
  /** Receives `documents.jsonl`, `manifest.json` and `attribution.md`. */
  readonly folder: string;
  /** Archives; default: `cache` inside `folder`. */
  readonly cache?: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
}

type BuiltCorpus =
  | { readonly kind: "finished"; readonly manifest: CorpusManifest }
  | { readonly kind: "cancelled" };

/** A recipe of the intended size has a sixth of this. */
const CORPUS_BYTES_MAX = 512 * 1024 * 1024;
/** Packages under way at once: enough to hide the registries' answers, few enough to be polite. */
const FETCHED_AHEAD = 4;

type PackageManifest = CorpusManifest["packages"][number];

export async function buildCorpus(options: BuildCorpusOptions): Promise<BuiltCorpus> {
  const signal = options.signal ?? new AbortController().signal;
  try {
    return { kind: "finished", manifest: await build({ ...options, signal }) };
  } catch (error) {
    if (signal.aborted) return { kind: "cancelled" };
    throw error;
  }
}

/** Whether a corpus is the one that its recipe expects; undefined when the recipe expects none. */
export function isReproduced(recipe: CorpusRecipe, manifest: CorpusManifest): boolean | undefined {
  return recipe.documentsHash === undefined ? undefined : recipe.documentsHash === manifest.documentsHash;
}

async function build(
  options: BuildCorpusOptions & { readonly signal: AbortSignal },
): Promise<CorpusManifest> {
  const { recipe, folder, signal } = options;
  signal.throwIfAborted();
  const writer = await DocumentWriter.open(folder);
  try {
    const { packages, totals } = await writeDocuments({ ...options, writer });
    signal.throwIfAborted();
    // A manifest never describes other documents than those beside it: it goes first and comes back last.
    await rm(join(folder, MANIFEST_FILE), { force: true });
    const manifest: CorpusManifest = {
      recipe: recipe.name,
      recipeHash: recipeHash(recipe),
      documentsHash: await writer.finish(),
      ...totals,
      packages,
    };
    await writeFileAtomic(join(folder, ATTRIBUTION_FILE), attributionTable(manifest));
    await writeFileAtomic(join(folder, MANIFEST_FILE), `${JSON.stringify(manifest, null, 2)}\n`);
    return manifest;
  } catch (error) {
    await writer.discard();
    throw error;
  }
}

type Totals = Pick<CorpusManifest, "documents" | "bytes" | "bytesByLanguage" | "bytesBySplit">;

async function writeDocuments(
  options: BuildCorpusOptions & { readonly signal: AbortSignal; readonly writer: DocumentWriter },
): Promise<{ readonly packages: PackageManifest[]; readonly totals: Totals }> {
  const { recipe, folder, signal, writer } = options;
  const cache = options.cache ?? join(folder, "cache");
  const sources = recipe.packages;
  const report = startPhase({ phase: "build", total: sources.length, onProgress: options.onProgress });
  const twins = new Deduplicator();
  const packages: PackageManifest[] = [];
  const totals = { documents: 0, bytes: 0, bytesByLanguage: {}, bytesBySplit: {} };
  const fetched = prefetch({
    items: sources,
    ahead: FETCHED_AHEAD,
    work: (source, workSignal) => fetchSource({ source, cache, signal: workSignal }),
    signal,
  });
  report(0, labelOf(sources[0]));
  for await (const source of fetched) {
    const { documents, manifest } = await documentsOf({ fetched: source, recipe, twins });
    await writer.write(documents);
    packages.push(manifest);
    for (const document of documents) count(totals, document);
    if (totals.bytes > CORPUS_BYTES_MAX)
      throw new AppError(
        "input-invalid",
        `the recipe "${recipe.name}" yields more than ${CORPUS_BYTES_MAX} bytes; cap its packages with bytesMax`,
      );
    report(packages.length, labelOf(sources[packages.length]));
  }
  return { packages, totals };
}

function labelOf(source: RecipeSource | undefined): string {
  return source === undefined ? "writing" : sourceLabel(source);
}

async function documentsOf(options: {
  readonly fetched: FetchedSource;
  readonly recipe: CorpusRecipe;
  readonly twins: Deduplicator;
}): Promise<{ readonly documents: CorpusDocument[]; readonly manifest: PackageManifest }> {
  const { fetched, recipe, twins } = options;
  const { source } = fetched;
  const isIncluded = matcher(source.include);
  const isExcluded = matcher([...recipe.exclude, ...source.exclude]);
  const { files, integrity } = await sourceFiles(fetched, (path) => isIncluded(path) && !isExcluded(path));
  const { texts, dropped } = selectFiles({ source, files, twins });
  const documents = texts.map(({ path, language, text }) => ({
    package: source.name,
    path,
    language,
    split: splitOf(path, source, recipe),
    text,
  }));
  const bytes = documents.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
  const { registry, name, licence, split } = source;
  const version = source.registry === "folder" ? "" : source.version;
  const kept = { files: documents.length, bytes };
  return { documents, manifest: { registry, name, version, licence, integrity, split, kept, dropped } };
}

function splitOf(path: string, source: RecipeSource, recipe: CorpusRecipe): "train" | "valid" {
  if (source.split === "valid") return "valid";
  const draw = Number.parseInt(sha256(`${source.name}/${path}`).slice(0, 8), 16);
  return draw % recipe.validEvery === 0 ? "valid" : "train";
}

/** Adds one document to the sums. */
function count(
  totals: {
    documents: number;
    bytes: number;
    bytesByLanguage: Record<string, number>;
    bytesBySplit: Record<string, number>;
  },
  { language, split, text }: CorpusDocument,
): void {
  const bytes = Buffer.byteLength(text);
  totals.documents++;
  totals.bytes += bytes;
  totals.bytesByLanguage[language] = (totals.bytesByLanguage[language] ?? 0) + bytes;
  totals.bytesBySplit[split] = (totals.bytesBySplit[split] ?? 0) + bytes;
}

/** The hash of what decides the documents: not of their expected hash, nor of where a folder lies on this machine. */
function recipeHash(recipe: CorpusRecipe): string {
  const packages = recipe.packages.map((source) =>
    source.registry === "folder" ? { ...source, folder: "" } : source,
  );
  return sha256(JSON.stringify({ ...recipe, documentsHash: undefined, packages }));
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
