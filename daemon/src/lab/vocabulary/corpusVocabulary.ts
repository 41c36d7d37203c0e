/** From a built corpus to a vocabulary file, with a measurement on the documents it did not learn from. */

import { writeFileAtomic } from "../../base/atomicFile.js";
import type { OnProgress } from "../../base/progress.js";
import { readDocuments } from "../corpus/documents.js";
import { countTokens, trainVocabulary } from "./trainVocabulary.js";

interface CorpusVocabularyOptions {
  /** A folder that `buildCorpus` filled. */
  readonly folder: string;
  /** The vocabulary file to write, whole or not at all. */
  readonly path: string;
  readonly size: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
}

type CorpusVocabulary =
  | {
      readonly kind: "finished";
      /** UTF-8 bytes per token on held-out documents, by language. */
      readonly bytesPerToken: Readonly<Record<string, number>>;
    }
  | { readonly kind: "cancelled" };

export async function trainCorpusVocabulary(options: CorpusVocabularyOptions): Promise<CorpusVocabulary> {
  const { folder, path, size } = options;
  const cancellable = {
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
  };
  const trained = await trainVocabulary({ texts: splitTexts(folder, "train"), size, ...cancellable });
  if (trained.kind === "cancelled") return trained;
  await writeFileAtomic(path, trained.file);
  const measured = new Map<string, { bytes: number; tokens: number }>();
  for await (const { language, text, split } of readDocuments(folder)) {
    if (split !== "valid") continue;
    const sum = measured.get(language) ?? { bytes: 0, tokens: 0 };
    sum.bytes += Buffer.byteLength(text);
    sum.tokens += countTokens(text, trained.tokens);
    measured.set(language, sum);
  }
  const bytesPerToken = Object.fromEntries(
    [...measured].map(([language, { bytes, tokens }]) => [language, bytes / tokens]),
  );
  return { kind: "finished", bytesPerToken };
}

async function* splitTexts(folder: string, split: "train" | "valid"): AsyncGenerator<string> {
  for await (const document of readDocuments(folder)) if (document.split === split) yield document.text;
}
