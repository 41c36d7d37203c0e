/** Which files of one package become documents: clean, not seen before, and no more than the recipe's cap. */
import { createHash } from "node:crypto";
import { cleanFile, type DropReason } from "./clean.js";
import type { Deduplicator } from "./deduplicate.js";
import type { FileCount } from "./documents.js";
import type { Language } from "./language.js";
import type { RecipeSource } from "./recipe.js";
import type { PackageFile } from "./sources/packageFile.js";

interface SelectedText {
  readonly path: string;
  readonly language: Language;
  readonly text: string;
}

interface SelectOptions {
  readonly source: Pick<RecipeSource, "declarations" | "bytesMax">;
  readonly files: readonly PackageFile[];
  /** Remembers what is selected. */
  readonly twins: Deduplicator;
}

interface Selection {
  /** Sources first, then by path. */
  readonly texts: readonly SelectedText[];
  readonly dropped: Readonly<Record<string, FileCount>>;
}

export function selectFiles({ source, files, twins }: SelectOptions): Selection {
  const dropped: Record<string, FileCount> = {};
  const drop = (reason: DropReason | "twin" | "cap", bytes: number) => {
    const before = dropped[reason] ?? { files: 0, bytes: 0 };
    dropped[reason] = { files: before.files + 1, bytes: before.bytes + bytes };
  };
  const candidates: SelectedText[] = [];
  for (const file of [...files].sort(sourceFirst)) {
    const cleaned = cleanFile({ ...file, declarations: source.declarations });
    if (cleaned.kind === "dropped") drop(cleaned.reason, file.bytes.length);
    else if (twins.add(cleaned.text) !== undefined) drop("twin", file.bytes.length);
    else candidates.push({ path: file.path, language: cleaned.language, text: cleaned.text });
  }
  const within = withinCap(candidates, source.bytesMax ?? Number.POSITIVE_INFINITY);
  for (const candidate of candidates)
    if (!within.has(candidate)) drop("cap", Buffer.byteLength(candidate.text));
  return { texts: candidates.filter((candidate) => within.has(candidate)), dropped };
}

/** TypeScript before what was compiled from it, so that the source survives among twins; then by path. */
function sourceFirst(a: PackageFile, b: PackageFile): number {
  const isSource = (path: string) => (/\.[mc]?tsx?$/.test(path) ? 0 : 1);
  return isSource(a.path) - isSource(b.path) || (a.path < b.path ? -1 : 1);
}

/** Whole files up to `bytesMax`, chosen by the hash of their path: a fair sample of folders. */
function withinCap(candidates: readonly SelectedText[], bytesMax: number): ReadonlySet<SelectedText> {
  const byHash = candidates
    .map((candidate) => ({ candidate, hash: createHash("sha256").update(candidate.path).digest("hex") }))
    .sort((a, b) => (a.hash < b.hash ? -1 : 1));
  const chosen = new Set<SelectedText>();
  let bytes = 0;
  for (const { candidate } of byHash) {
    const more = Buffer.byteLength(candidate.text);
    if (bytes + more > bytesMax) continue;
    bytes += more;
    chosen.add(candidate);
  }
  return chosen;
}
