/**
 * The built corpus on disk: `documents.jsonl`, one clean text per line, and `manifest.json`, what it came from.
 * Written whole or not at all; read line by line, since the file is larger than a string should be.
 */
import { createReadStream } from "node:fs";
import { open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";

export const DOCUMENTS_FILE = "documents.jsonl";
export const MANIFEST_FILE = "manifest.json";

const CorpusDocument = z.strictObject({
  package: z.string(),
  /** Path inside the package. */
  path: z.string(),
  language: z.string(),
  split: z.enum(["train", "valid"]),
  text: z.string(),
});
export type CorpusDocument = z.infer<typeof CorpusDocument>;

const Counts = z.record(z.string(), z.number());

const CorpusManifest = z.strictObject({
  recipe: z.string(),
  /** sha256 of the checked recipe and of `documents.jsonl`, lower-case hex. */
  recipeHash: z.string(),
  documentsHash: z.string(),
  documents: z.number(),
  bytes: z.number(),
  /** UTF-8 bytes of text. */
  bytesByLanguage: Counts,
  bytesBySplit: Counts,
  packages: z.array(
    z.strictObject({
      name: z.string(),
      version: z.string(),
      licence: z.string(),
      integrity: z.string(),
      split: z.string(),
      documents: z.number(),
      bytes: z.number(),
      /** Files left out, by reason. */
      dropped: Counts,
    }),
  ),
});
export type CorpusManifest = z.infer<typeof CorpusManifest>;

/** Documents in corpus order. Throws on a line that is not a document. */
export async function* readDocuments(folder: string): AsyncGenerator<CorpusDocument> {
  const path = join(folder, DOCUMENTS_FILE);
  const stream = createReadStream(path, "utf8");
  try {
    for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
      yield CorpusDocument.parse(JSON.parse(line));
    }
  } finally {
    stream.destroy();
  }
}

export async function readManifest(folder: string): Promise<CorpusManifest> {
  return CorpusManifest.parse(JSON.parse(await readFile(join(folder, MANIFEST_FILE), "utf8")));
}

/** Writes beside `path`, syncs, then renames, so that a reader never sees half a file. */
export async function writeWhole(path: string, chunks: Iterable<string | Uint8Array>): Promise<void> {
  const partial = `${path}.partial`;
  const file = await open(partial, "w");
  try {
    for (const chunk of chunks) await (typeof chunk === "string" ? file.write(chunk) : file.writev([chunk]));
    await file.sync();
  } catch (cause) {
    await file.close();
    await rm(partial, { force: true });
    throw cause;
  }
  await file.close();
  await rename(partial, path);
}
