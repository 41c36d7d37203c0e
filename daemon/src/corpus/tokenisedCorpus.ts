/**
 * The corpus as tokens, made once per vocabulary: `train.bin` and `valid.bin` (16-bit little-endian ids, documents
 * one after another, each `<file> path \n text` and the end-of-document token) with `tokens.json` beside them, which
 * says where each document lies. Documents keep the corpus order, so files of one package are neighbours.
 */
import { open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import type { Tokenizer } from "@ouroboros/native";
import { z } from "zod";
import { controlsOf, END_OF_DOCUMENT } from "../prompt/controls.js";
import { concatenate, encodeText } from "../prompt/encodeText.js";
import { fileHeader } from "../prompt/format.js";
import { readDocuments, readManifest, writeWhole } from "./documents.js";
import { type OnProgress, startPhase } from "./progress.js";

const INDEX_FILE = "tokens.json";
const ID_LIMIT = 1 << 16;
const SPLITS = ["train", "valid"] as const;
export type Split = (typeof SPLITS)[number];

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

export interface TokeniseOptions {
  /** A folder that `buildCorpus` filled; receives the three files. */
  readonly folder: string;
  /** Must have the control tokens. */
  readonly tokenizer: Tokenizer;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
}

export type Tokenised =
  | { readonly kind: "finished"; readonly tokens: { readonly train: number; readonly valid: number } }
  | { readonly kind: "cancelled" };

export async function tokeniseCorpus({
  folder,
  tokenizer,
  signal,
  onProgress,
}: TokeniseOptions): Promise<Tokenised> {
  const controls = controlsOf(tokenizer);
  if (controls === undefined || tokenizer.size > ID_LIMIT) {
    throw new Error("The corpus can only be tokenised with a vocabulary made by `ouro vocab train`.");
  }
  const manifest = await readManifest(folder);
  const report = startPhase({ phase: "tokenise", total: manifest.documents, onProgress });
  const index: TokenIndex = {
    vocabularyHash: tokenizer.hash,
    documentsHash: manifest.documentsHash,
    bytes: { train: 0, valid: 0 },
    documents: { train: [], valid: [] },
  };
  await rm(join(folder, INDEX_FILE), { force: true });
  const files = {
    train: await open(partial(folder, "train"), "w"),
    valid: await open(partial(folder, "valid"), "w"),
  };
  const lengths = { train: 0, valid: 0 };
  let done = 0;
  try {
    for await (const { package: name, path, language, split, text } of readDocuments(folder)) {
      const header = fileHeader({ tokenizer, controls }, path);
      const tokens = concatenate([header, encodeText(tokenizer, text), [END_OF_DOCUMENT]]);
      const start = lengths[split];
      lengths[split] += tokens.length;
      index.documents[split].push({
        package: name,
        path,
        language,
        start,
        text: start + header.length,
        end: lengths[split],
      });
      index.bytes[split] += Buffer.byteLength(text);
      await files[split].write(littleEndian(tokens));
      if (++done % 100 === 0) {
        report(done, `${name} ${path}`);
        await setImmediate();
      }
      if (signal?.aborted === true) return { kind: "cancelled" };
    }
    for (const split of SPLITS) await files[split].sync();
  } finally {
    for (const split of SPLITS) await files[split].close();
    if (signal?.aborted === true)
      for (const split of SPLITS) await rm(partial(folder, split), { force: true });
  }
  for (const split of SPLITS) await rename(partial(folder, split), binary(folder, split));
  await writeWhole(join(folder, INDEX_FILE), [JSON.stringify(index)]);
  report(done, "done");
  return { kind: "finished", tokens: lengths };
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
    throw new Error(`The tokens in ${folder} belong to another vocabulary; build the corpus again.`);
  }
  const file = await readFile(binary(folder, split));
  const tokens = new Uint16Array(file.length / 2);
  for (let i = 0; i < tokens.length; i++) tokens[i] = file.readUInt16LE(2 * i);
  return { tokens, documents: index.documents[split], bytes: index.bytes[split] };
}

async function readIndex(folder: string): Promise<TokenIndex> {
  try {
    return TokenIndex.parse(JSON.parse(await readFile(join(folder, INDEX_FILE), "utf8")));
  } catch (cause) {
    throw new Error(`There is no tokenised corpus in ${folder}; build one first.`, { cause });
  }
}

function littleEndian(tokens: Uint32Array): Buffer {
  const bytes = Buffer.alloc(2 * tokens.length);
  for (const [index, token] of tokens.entries()) bytes.writeUInt16LE(token, 2 * index);
  return bytes;
}

function binary(folder: string, split: Split): string {
  return join(folder, `${split}.bin`);
}

function partial(folder: string, split: Split): string {
  return `${binary(folder, split)}.partial`;
}
