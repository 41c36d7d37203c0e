/**
 * Anchors: short windows of generic corpus code at which online learning holds a model to its base. Chosen once,
 * evenly over the packages, and shipped with the model as texts with their sources.
 */

import { writeFileAtomic } from "../../../base/atomicFile.js";
import { seededRandom } from "../../../base/random.js";
import type { Tokenizer } from "../../../engine/engine.js";
import { type DocumentTokens, readTokenised, type TokenisedSplit } from "./tokenisedCorpus.js";

export const ANCHOR_COUNT = 64;
export const ANCHOR_TOKENS = 48;
const SEED = 2048;

export interface Anchor {
  readonly package: string;
  readonly path: string;
  readonly tokens: readonly number[];
}

/** Longest id that a reader of the file accepts. */
const ID_LENGTH_MAX = 64;

export interface WriteAnchorsOptions {
  /** A folder that `tokeniseCorpus` filled. */
  readonly folder: string;
  readonly tokenizer: Tokenizer;
  readonly path: string;
}

/** Writes texts, not tokens: one file then serves every model, whatever its vocabulary. */
export async function writeAnchors({ folder, tokenizer, path }: WriteAnchorsOptions): Promise<Anchor[]> {
  const anchors = chooseAnchors(await readTokenised({ folder, split: "train", tokenizer }));
  const windows = anchors.map(({ package: name, path: file, tokens }, index) => {
    const id = `${index} ${name} ${file}`.slice(0, ID_LENGTH_MAX);
    // A window may begin or end inside a character.
    const text = tokenizer.decode(Uint32Array.from(tokens)).replaceAll("\uFFFD", "");
    return `    ${JSON.stringify({ id, text })}`;
  });
  await writeFileAtomic(path, `{\n  "v": 1,\n  "windows": [\n${windows.join(",\n")}\n  ]\n}\n`);
  return anchors;
}

/** One window per round from each package in turn, from code documents long enough, deterministic. */
export function chooseAnchors(corpus: TokenisedSplit): Anchor[] {
  const groups = new Map<string, DocumentTokens[]>();
  for (const document of corpus.documents) {
    const isCode = document.language === "typescript" || document.language === "javascript";
    if (!isCode || document.end - document.text <= 2 * ANCHOR_TOKENS) continue;
    groups.set(document.package, [...(groups.get(document.package) ?? []), document]);
  }
  const random = seededRandom(SEED);
  const names = [...groups.keys()];
  return Array.from({ length: names.length === 0 ? 0 : ANCHOR_COUNT }, (_, index) => {
    const name = names[Math.floor((index * names.length) / ANCHOR_COUNT)] ?? "";
    const documents = groups.get(name) ?? [];
    const document = documents[random.below(documents.length)];
    if (document === undefined) return [];
    const start = document.text + random.below(document.end - 1 - document.text - ANCHOR_TOKENS);
    const tokens = [...corpus.tokens.subarray(start, start + ANCHOR_TOKENS)];
    return [{ package: name, path: document.path, tokens }];
  }).flat();
}
