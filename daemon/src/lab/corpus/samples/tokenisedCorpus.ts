/**
 * The corpus as tokens, made once per vocabulary: `train.bin` and `valid.bin` with their `.idx` (indexedTokens.ts), a
 * document being `<file> path \n text` and the end-of-document token, and `tokens.json` beside them, which says what
 * each document is. Documents keep the corpus order, so files of one package are neighbours.
 */

import { open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { z } from "zod";
import { writeFileAtomic } from "../../../base/atomicFile.js";
import { AppError } from "../../../base/errors.js";
import { type OnProgress, startPhase } from "../../../base/progress.js";
import { readRegularFile, readRegularText } from "../../../base/regularFile.js";
import type { Tokenizer } from "../../../engine/engine.js";
import { controlsOf, END_OF_DOCUMENT } from "../../../prompt/controls.js";
import { concatenate, encodeText } from "../../../prompt/encodeText.js";
import { fileHeader, type Vocabulary } from "../../../prompt/format.js";
import { type CorpusDocument, readDocuments, readManifest } from "../documents.js";
import { fromLittleEndian, indexOf, littleEndian } from "./indexedTokens.js";

const INDEX_FILE = "tokens.json";
/** Ids are stored in 16 bits. */
const IDS_MAX = 1 << 16;
const DOCUMENTS_PER_REPORT = 100;
const SPLITS = ["train", "valid"] as const;
type Split = (typeof SPLITS)[number];

const DocumentTokens = z.strictObject({
  package: z.string(),
  path: z.string(),
  language: z.string(),
  /** First token of the header, first of the text, and one past the end-of-document token. */
  start: z.int(),
  text: z.int(),
  end: z.int(),
});
export type DocumentTokens = z.infer<typeof DocumentTokens>;

const TokenIndex = z.strictObject({
  vocabularyHash: z.string(),
  documentsHash: z.string(),
  /** UTF-8 bytes of text, without headers. */
  bytes: z.strictObject({ train: z.number(), valid: z.number() }),
  documents: z.strictObject({ train: z.array(DocumentTokens), valid: z.array(DocumentTokens) }),
});
type TokenIndex = z.infer<typeof TokenIndex>;

interface TokeniseOptions {
  /** A folder that `buildCorpus` filled; receives the three files. */
  readonly folder: string;
  /** Must have the control tokens. */
  readonly tokenizer: Tokenizer;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
}

type Tokenised =
  | { readonly kind: "finished"; readonly tokens: { readonly train: number; readonly valid: number } }
  | { readonly kind: "cancelled" };

/** Does nothing when the folder already holds the tokens of these documents in this vocabulary. */
export async function tokeniseCorpus({
  folder,
  tokenizer,
  signal,
  onProgress,
}: TokeniseOptions): Promise<Tokenised> {
  const controls = controlsOf(tokenizer);
  if (controls === undefined || tokenizer.size > IDS_MAX) {
    throw new AppError(
      "input-invalid",
      "a corpus can only be tokenised with a vocabulary made by `ouro vocab train`",
    );
  }
  const manifest = await readManifest(folder);
  const identity = { vocabularyHash: tokenizer.hash, documentsHash: manifest.documentsHash };
  const known = await readIndex(folder).catch(() => undefined);
  if (known?.vocabularyHash === identity.vocabularyHash && known.documentsHash === identity.documentsHash) {
    return { kind: "finished", tokens: lengthsOf(known) };
  }
  await rm(join(folder, INDEX_FILE), { force: true });
  const index: TokenIndex = {
    ...identity,
    bytes: { train: 0, valid: 0 },
    documents: { train: [], valid: [] },
  };
  const files = {
    train: await open(partial(folder, "train"), "w"),
    valid: await open(partial(folder, "valid"), "w"),
  };
  const report = startPhase({ phase: "tokenise", total: manifest.documents, onProgress });
  let done = 0;
  try {
    for await (const document of readDocuments(folder)) {
      const tokens = addDocument({ index, document, vocabulary: { tokenizer, controls } });
      await files[document.split].write(littleEndian(tokens));
      if (++done % DOCUMENTS_PER_REPORT === 0) {
        report(done, `${document.package} ${document.path}`);
        await setImmediate();
      }
      if (signal?.aborted === true) return { kind: "cancelled" };
    }
    for (const split of SPLITS) {
      await files[split].sync();
      // Windows renames no open file; closing twice is harmless.
      await files[split].close();
      await rename(partial(folder, split), binary(folder, split));
      const lengths = index.documents[split].map(({ start, end }) => end - start);
      await writeFileAtomic(join(folder, `${split}.idx`), indexOf(lengths));
    }
  } finally {
    for (const split of SPLITS) await files[split].close();
    for (const split of SPLITS) await rm(partial(folder, split), { force: true });
  }
  await writeFileAtomic(join(folder, INDEX_FILE), JSON.stringify(index));
  return { kind: "finished", tokens: lengthsOf(index) };
}

/** Appends a document to the index and returns its tokens. */
function addDocument(options: {
  readonly index: TokenIndex;
  readonly document: CorpusDocument;
  readonly vocabulary: Vocabulary;
}): Uint32Array {
  const { index, vocabulary } = options;
  const { package: name, path, language, split, text } = options.document;
  const header = fileHeader(vocabulary, path);
  const tokens = concatenate([header, encodeText(vocabulary.tokenizer, text), [END_OF_DOCUMENT]]);
  const start = lengthsOf(index)[split];
  const place = { start, text: start + header.length, end: start + tokens.length };
  index.documents[split].push({ package: name, path, language, ...place });
  index.bytes[split] += Buffer.byteLength(text);
  return tokens;
}

function lengthsOf({ documents }: TokenIndex): { readonly train: number; readonly valid: number } {
  return { train: documents.train.at(-1)?.end ?? 0, valid: documents.valid.at(-1)?.end ?? 0 };
}

export interface TokenisedSplit {
  readonly tokens: Uint16Array;
  readonly documents: readonly DocumentTokens[];
  /** UTF-8 bytes of text in all documents together. */
  readonly bytes: number;
}

/** Throws when the folder holds no tokens, or tokens of another vocabulary. */
export async function readTokenised(options: {
  readonly folder: string;
  readonly split: Split;
  readonly tokenizer: Tokenizer;
}): Promise<TokenisedSplit> {
  const { folder, split, tokenizer } = options;
  const index = await readIndex(folder);
  if (index.vocabularyHash !== tokenizer.hash) {
    throw new AppError(
      "input-invalid",
      `the tokens in ${folder} belong to another vocabulary; tokenise the corpus again`,
    );
  }
  const tokens = fromLittleEndian(await readRegularFile(binary(folder, split)));
  return { tokens, documents: index.documents[split], bytes: index.bytes[split] };
}

async function readIndex(folder: string): Promise<TokenIndex> {
  try {
    return TokenIndex.parse(JSON.parse(await readRegularText(join(folder, INDEX_FILE))));
  } catch (cause) {
    throw new AppError("input-invalid", `there is no tokenised corpus in ${folder}; build one first`, {
      cause,
    });
  }
}

function binary(folder: string, split: Split): string {
  return join(folder, `${split}.bin`);
}

function partial(folder: string, split: Split): string {
  return `${binary(folder, split)}.partial`;
}
