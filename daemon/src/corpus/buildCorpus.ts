/**
 * Builds a corpus from a recipe: fetch, unpack in memory, clean, remove twins, hold out, write.
 * The result depends on the recipe alone. Stopped at any point, it leaves the earlier result and the cached
 * tarballs whole, and the next run goes on from those.
 */
import { createHash } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../errors.js";
import { cleanFile, type DropReason } from "./clean.js";
import { Deduplicator } from "./deduplicate.js";
import {
  type CorpusDocument,
  type CorpusManifest,
  DOCUMENTS_FILE,
  MANIFEST_FILE,
  writeWhole,
} from "./documents.js";
import { matcher } from "./glob.js";
import { isAcceptedLicence, licenceOf } from "./licence.js";
import { type OnProgress, startPhase } from "./progress.js";
import type { CorpusRecipe, RecipePackage } from "./recipe.js";
import { readTarball, type TarFile } from "./tarball.js";
import { cachedTarball } from "./tarballCache.js";

export interface BuildCorpusOptions {
  readonly recipe: CorpusRecipe;
  /** Receives `documents.jsonl` and `manifest.json`. */
  readonly folder: string;
  /** Tarballs; default: `cache` inside `folder`. */
  readonly cache?: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
}

export type BuiltCorpus =
  | { readonly kind: "finished"; readonly manifest: CorpusManifest }
  | { readonly kind: "cancelled" };

/** Documents held in memory at most: a recipe of the intended size has a tenth of this. */
const CORPUS_BYTES_MAX = 512 * 1024 * 1024;

type Candidate = Omit<CorpusDocument, "split">;
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

async function build(
  options: BuildCorpusOptions & { readonly signal: AbortSignal },
): Promise<CorpusManifest> {
  const { recipe, folder, signal } = options;
  const cache = options.cache ?? join(folder, "cache");
  const report = startPhase({
    phase: "build",
    total: recipe.packages.length,
    onProgress: options.onProgress,
  });
  const twins = new Deduplicator();
  const documents: CorpusDocument[] = [];
  const packages: PackageManifest[] = [];
  let bytes = 0;
  await mkdir(folder, { recursive: true });
  for (const [index, source] of recipe.packages.entries()) {
    report(index, `${source.name}@${source.version}`);
    const files = await readTarball(await cachedTarball({ wanted: source, cache, signal }));
    signal.throwIfAborted();
    checkLicence(source, files);
    const { candidates, dropped } = selectFiles({ source, files, excluded: recipe.exclude, twins });
    const kept = candidates.map((candidate) => ({ ...candidate, split: splitOf(candidate, source, recipe) }));
    const packageBytes = sum(kept.map(({ text }) => Buffer.byteLength(text)));
    bytes += packageBytes;
    if (bytes > CORPUS_BYTES_MAX)
      throw new AppError(
        "input-invalid",
        `the recipe "${recipe.name}" yields more than ${CORPUS_BYTES_MAX} bytes; cap its packages with bytesMax`,
      );
    documents.push(...kept);
    const { name, version, licence, integrity, split } = source;
    packages.push({
      name,
      version,
      licence,
      integrity,
      split,
      documents: kept.length,
      bytes: packageBytes,
      dropped,
    });
  }
  report(recipe.packages.length, "writing");
  const manifest = manifestOf({ recipe, documents, packages });
  // A manifest never describes other documents than those beside it: it goes first and comes back last.
  await rm(join(folder, MANIFEST_FILE), { force: true });
  await writeWhole(join(folder, DOCUMENTS_FILE), lines(documents));
  await writeWhole(join(folder, MANIFEST_FILE), [`${JSON.stringify(manifest, null, 2)}\n`]);
  return manifest;
}

function checkLicence(source: RecipePackage, files: readonly TarFile[]): void {
  const packageJson = files.find(({ path }) => path === "package.json");
  const licence =
    packageJson === undefined
      ? undefined
      : licenceOf(JSON.parse(Buffer.from(packageJson.bytes).toString("utf8")));
  if (licence !== source.licence || !isAcceptedLicence(licence)) {
    throw new AppError(
      "input-invalid",
      `${source.name}@${source.version} is under "${licence ?? "no stated licence"}", but the recipe says "${source.licence}"; correct or remove it`,
    );
  }
}

interface SelectOptions {
  readonly source: RecipePackage;
  readonly files: readonly TarFile[];
  readonly excluded: readonly string[];
  readonly twins: Deduplicator;
}

function selectFiles({ source, files, excluded, twins }: SelectOptions): {
  candidates: Candidate[];
  dropped: Record<string, number>;
} {
  const isIncluded = matcher(source.include);
  const isExcluded = matcher([...excluded, ...source.exclude]);
  const dropped: Record<string, number> = {};
  const drop = (reason: DropReason | "twin" | "cap") => {
    dropped[reason] = (dropped[reason] ?? 0) + 1;
  };
  const candidates: Candidate[] = [];
  for (const file of files.filter(({ path }) => isIncluded(path) && !isExcluded(path)).sort(sourceFirst)) {
    const cleaned = cleanFile({ ...file, declarations: source.declarations });
    if (cleaned.kind === "dropped") drop(cleaned.reason);
    else if (twins.add(cleaned.text) !== undefined) drop("twin");
    else {
      const { text, language } = cleaned;
      candidates.push({ package: source.name, path: file.path, language, text });
    }
  }
  const capped = capBytes(candidates, source.bytesMax ?? CORPUS_BYTES_MAX);
  for (let i = capped.length; i < candidates.length; i++) drop("cap");
  return { candidates: capped, dropped };
}

/** TypeScript before what was compiled from it, so that the source survives among twins; then by path. */
function sourceFirst(a: TarFile, b: TarFile): number {
  const isSource = (path: string) => (/\.[mc]?tsx?$/.test(path) ? 0 : 1);
  return isSource(a.path) - isSource(b.path) || (a.path < b.path ? -1 : 1);
}

/** Whole files up to `bytesMax`, chosen by the hash of their path (a fair sample of folders), in their old order. */
function capBytes(candidates: readonly Candidate[], bytesMax: number): Candidate[] {
  const byHash = [...candidates].sort((a, b) => (sha256(a.path) < sha256(b.path) ? -1 : 1));
  const chosen = new Set<Candidate>();
  let bytes = 0;
  for (const candidate of byHash) {
    bytes += Buffer.byteLength(candidate.text);
    if (bytes > bytesMax) break;
    chosen.add(candidate);
  }
  return candidates.filter((candidate) => chosen.has(candidate));
}

function splitOf(document: Candidate, source: RecipePackage, recipe: CorpusRecipe): "train" | "valid" {
  if (source.split === "valid") return "valid";
  const draw = Number.parseInt(sha256(`${document.package}/${document.path}`).slice(0, 8), 16);
  return draw % recipe.validEvery === 0 ? "valid" : "train";
}

function manifestOf(options: {
  readonly recipe: CorpusRecipe;
  readonly documents: readonly CorpusDocument[];
  readonly packages: PackageManifest[];
}): CorpusManifest {
  const { recipe, documents, packages } = options;
  const hash = createHash("sha256");
  for (const line of lines(documents)) hash.update(line);
  const bytesByLanguage: Record<string, number> = {};
  const bytesBySplit: Record<string, number> = {};
  for (const { language, split, text } of documents) {
    const bytes = Buffer.byteLength(text);
    bytesByLanguage[language] = (bytesByLanguage[language] ?? 0) + bytes;
    bytesBySplit[split] = (bytesBySplit[split] ?? 0) + bytes;
  }
  return {
    recipe: recipe.name,
    recipeHash: sha256(JSON.stringify(recipe)),
    documentsHash: hash.digest("hex"),
    documents: documents.length,
    bytes: sum(packages.map((source) => source.bytes)),
    bytesByLanguage,
    bytesBySplit,
    packages,
  };
}

function* lines(documents: readonly CorpusDocument[]): Generator<string> {
  for (const document of documents) yield `${JSON.stringify(document)}\n`;
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
