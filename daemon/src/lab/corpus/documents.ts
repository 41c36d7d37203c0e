/**
 * The built corpus on disk: `documents.jsonl`, one clean text per line, and `manifest.json`, what it came from.
 * Written whole or not at all; read line by line, since the file is larger than a string should be.
 */
import { createHash } from "node:crypto";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { makeFolder } from "../../base/makeFolder.js";
import { readRegularText, streamRegularFile } from "../../base/regularFile.js";

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

/** Files and the bytes in them. */
const FileCount = z.strictObject({ files: z.number(), bytes: z.number() });
export type FileCount = z.infer<typeof FileCount>;

const CorpusManifest = z.strictObject({
  recipe: z.string(),
  /** sha256 of the checked recipe (without the hash that it expects) and of `documents.jsonl`, lower-case hex. */
  recipeHash: z.string(),
  documentsHash: z.string(),
  documents: z.number(),
  bytes: z.number(),
  /** UTF-8 bytes of text. */
  bytesByLanguage: Counts,
  bytesBySplit: Counts,
  packages: z.array(
    z.strictObject({
      /** `npm`, `pypi`, `crates` or `folder`. */
      registry: z.string(),
      name: z.string(),
      /** Empty for a folder. */
      version: z.string(),
      licence: z.string(),
      integrity: z.string(),
      split: z.string(),
      /** Clean text. */
      kept: FileCount,
      /** Files as they were packed, by the reason why they were left out. */
      dropped: z.record(z.string(), FileCount),
    }),
  ),
});
export type CorpusManifest = z.infer<typeof CorpusManifest>;

/** Documents in corpus order. Throws on a line that is not a document. */
export async function* readDocuments(folder: string): AsyncGenerator<CorpusDocument> {
  const path = join(folder, DOCUMENTS_FILE);
  for await (const line of linesOf(path)) yield CorpusDocument.parse(JSON.parse(line));
}

/** As they were written: `readline` ends them at U+2028 too in newer Nodes, which JSON leaves inside a text. */
async function* linesOf(path: string): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let waiting = "";
  for await (const chunk of streamRegularFile(path)) {
    const lines = (waiting + decoder.decode(chunk, { stream: true })).split("\n");
    waiting = lines.pop() ?? "";
    yield* lines;
  }
  if (waiting !== "") yield waiting;
}

export async function readManifest(folder: string): Promise<CorpusManifest> {
  return CorpusManifest.parse(JSON.parse(await readRegularText(join(folder, MANIFEST_FILE))));
}

/**
 * Writes `documents.jsonl` document by document, so that a corpus need not fit in memory. Until `finish` the earlier
 * file stays as it is. One writer per folder; close or finish it.
 */
export class DocumentWriter {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #hash = createHash("sha256");

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  /** Makes `folder` if need be. */
  static async open(folder: string): Promise<DocumentWriter> {
    await makeFolder(folder);
    const path = join(folder, DOCUMENTS_FILE);
    return new DocumentWriter(path, await open(partialOf(path), "w"));
  }

  async write(documents: readonly CorpusDocument[]): Promise<void> {
    const lines = documents.map((document) => `${JSON.stringify(document)}\n`).join("");
    this.#hash.update(lines);
    await this.#file.appendFile(lines);
  }

  /** Puts the file in its place and returns its sha256 in lower-case hex. */
  async finish(): Promise<string> {
    await this.#file.sync();
    await this.#file.close();
    await rename(partialOf(this.#path), this.#path);
    return this.#hash.digest("hex");
  }

  /** Gives up what was written. */
  async discard(): Promise<void> {
    await this.#file.close();
    await rm(partialOf(this.#path), { force: true });
  }
}

function partialOf(path: string): string {
  return `${path}.partial`;
}
