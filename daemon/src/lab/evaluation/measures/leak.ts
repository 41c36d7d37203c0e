/**
 * Whether evaluation text stands in the corpus: the share of its runs of 13 words that some corpus document has too.
 * The evaluation text is held as hashes, the corpus streams by; licence headers, which everybody shares, do not count.
 */

import { type OnProgress, startPhase } from "../../../base/progress.js";
import type { Finished } from "../../../engine/engine.js";
import type { EvaluationFile, EvaluationProject } from "../projects.js";
import { createNgramTable, eachNgram } from "./ngrams.js";

interface LeakOptions {
  readonly projects: readonly EvaluationProject[];
  readonly corpus: AsyncIterable<CorpusText>;
  /** Documents of the corpus, for the progress; 0 = unknown. */
  readonly documents: number;
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress;
}

export interface CorpusText {
  readonly package: string;
  readonly path: string;
  readonly text: string;
}

interface Overlap {
  /** Runs of 13 words. */
  readonly ngrams: number;
  /** Share of them that the corpus has. */
  readonly share: number;
}

export interface Leak {
  readonly documents: number;
  readonly projects: readonly (Overlap & { readonly project: string })[];
  /** Those with most in common, first; `with`: the document that has most of it. */
  readonly files: readonly (Overlap & {
    readonly project: string;
    readonly path: string;
    readonly with: string;
  })[];
}

const FILES_SHOWN = 10;
/** A file with fewer says nothing by its share. */
const NGRAMS_MIN = 20;
/** Looked at for Ctrl-C and progress after so many documents. */
const DOCUMENTS_PER_REPORT = 64;

export async function checkLeak(options: LeakOptions): Promise<Finished<Leak>> {
  const { projects, corpus, signal, onProgress } = options;
  const report = startPhase({ phase: "leak check", total: options.documents, onProgress });
  const files = projects.flatMap((project) => project.files);
  const texts = files.map((file) => ({ file, text: withoutLicenceHeader(file.text) }));
  let count = 0;
  for (const { text } of texts) eachNgram(text, () => count++);
  const table = createNgramTable(count);
  for (const { text } of texts) eachNgram(text, table.add);
  const names: string[] = [];
  for await (const document of corpus) {
    if (signal.aborted) return { kind: "cancelled" };
    const index = names.push(`${document.package}/${document.path}`) - 1;
    eachNgram(withoutLicenceHeader(document.text), (ngram) => table.note(ngram, index));
    if (names.length % DOCUMENTS_PER_REPORT === 0) report(names.length, document.package);
  }
  const overlaps = texts.map(({ file, text }) => overlapOf(file, text, table.documentOf));
  return {
    kind: "finished",
    documents: names.length,
    projects: projects.map(({ name }) => {
      const own = overlaps.filter(({ file }) => file.project === name);
      const ngrams = own.reduce((sum, each) => sum + each.ngrams, 0);
      const found = own.reduce((sum, each) => sum + each.found, 0);
      return { project: name, ngrams, share: shareOf(found, ngrams) };
    }),
    files: overlaps
      .filter(({ ngrams, found }) => ngrams >= NGRAMS_MIN && found > 0)
      .sort((a, b) => shareOf(b.found, b.ngrams) - shareOf(a.found, a.ngrams))
      .slice(0, FILES_SHOWN)
      .map(({ file, ngrams, found, document }) => ({
        project: file.project,
        path: file.path,
        ngrams,
        share: shareOf(found, ngrams),
        with: names[document] ?? "",
      })),
  };
}

function overlapOf(
  file: EvaluationFile,
  text: string,
  documentOf: (ngram: number) => number | undefined,
): {
  readonly file: EvaluationFile;
  readonly ngrams: number;
  readonly found: number;
  readonly document: number;
} {
  let [ngrams, found] = [0, 0];
  const counts = new Map<number, number>();
  eachNgram(text, (ngram) => {
    ngrams++;
    const document = documentOf(ngram);
    if (document === undefined) return;
    found++;
    counts.set(document, (counts.get(document) ?? 0) + 1);
  });
  const [most] = [...counts].sort(([, a], [, b]) => b - a);
  return { file, ngrams, found, document: most?.[0] ?? -1 };
}

function shareOf(found: number, all: number): number {
  return all === 0 ? 0 : found / all;
}

/** Comments at the start of a file, where they speak of a licence. */
const FIRST_COMMENTS = /^(?:\s*(?:\/\*[\s\S]*?\*\/|(?:\/\/|#)[^\n]*(?:\n|$)))+/;

/** The text without the comments that it begins with, if they speak of copyright or licence. */
export function withoutLicenceHeader(text: string): string {
  const comments = FIRST_COMMENTS.exec(text)?.[0] ?? "";
  return /licen[sc]e|copyright/i.test(comments) ? text.slice(comments.length) : text;
}
