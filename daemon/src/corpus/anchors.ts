/**
 * Anchors: short windows of generic corpus code at which online learning holds a model to its base. Chosen once per
 * vocabulary, evenly over the packages, and shipped with the model as token ids with their sources.
 */
import type { Tokenizer } from "@ouroboros/native";
import { writeWhole } from "./documents.js";
import { seededRandom } from "./random.js";
import { type DocumentTokens, readTokenised, type TokenisedSplit } from "./tokenisedCorpus.js";

export const ANCHOR_COUNT = 64;
export const ANCHOR_TOKENS = 48;
const SEED = 2048;

export interface Anchor {
  readonly package: string;
  readonly path: string;
  readonly tokens: readonly number[];
}

export interface Anchors {
  /** sha256 of the vocabulary file whose ids these are. */
  readonly vocabularyHash: string;
  readonly anchors: readonly Anchor[];
}

export interface WriteAnchorsOptions {
  /** A folder that `tokeniseCorpus` filled. */
  readonly folder: string;
  readonly tokenizer: Tokenizer;
  readonly path: string;
}

export async function writeAnchors({ folder, tokenizer, path }: WriteAnchorsOptions): Promise<Anchors> {
  const corpus = await readTokenised({ folder, split: "train", tokenizer });
  const anchors = { vocabularyHash: tokenizer.hash, anchors: chooseAnchors(corpus) };
  const lines = anchors.anchors.map((anchor) => `    ${JSON.stringify(anchor)}`).join(",\n");
  const head = `{\n  "vocabularyHash": ${JSON.stringify(anchors.vocabularyHash)},\n  "anchors": [\n`;
  await writeWhole(path, [`${head}${lines}\n  ]\n}\n`]);
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
