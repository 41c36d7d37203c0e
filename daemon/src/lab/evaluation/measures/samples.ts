/** What the model writes when it is let go on for some lines: whether brackets close in order, and how it repeats itself. */

import { type OnProgress, startPhase } from "../../../base/progress.js";
import { complete } from "../../../completion/complete.js";
import type { Finished, Model, Sampling, Tokenizer } from "../../../engine/engine.js";
import { GREEDY } from "../../../engine/greedy.js";
import { completionPrompt } from "../../../prompt/completionPrompt.js";
import { bracketFaults } from "../balance.js";
import { runBatched } from "../batch.js";
import { randomFor } from "../draw.js";
import { codeFilesOf, drawLines, type LinePlace, lineStart } from "../places.js";
import type { EvaluationProject } from "../projects.js";
import { meanOf } from "../scoreSums.js";
import { repeatedLines, repeatedNgrams } from "./repetition.js";

interface SampleOptions {
  readonly model: Model;
  readonly tokenizer: Tokenizer;
  readonly projects: readonly EvaluationProject[];
  readonly samples: number;
  readonly seed: number;
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress;
}

export interface SampleFigures {
  readonly samples: number;
  /** Share of samples in which every closing bracket closes the innermost open one, those of the prefix included. */
  readonly balanced: number;
  /** Mean share of 4-grams that are repetitions within the sample. */
  readonly repeatedNgrams: number;
  /** Mean share of lines that are repetitions within the sample. */
  readonly repeatedLines: number;
}

export interface Samples {
  readonly written: SampleFigures;
  /** The same figures of the lines that really stand there: what they would be for a perfect model. */
  readonly real: SampleFigures;
}

/** As people sample code: loose enough that a model which repeats itself does not do so because of greed alone. */
const SAMPLED: Sampling = { ...GREEDY, temperature: 0.6, topP: 0.9 };

const LINES = 12;
const NGRAM = 4;
/** Room for twelve lines; a sample may be shorter, cut by this or by the model's own end. */
const TOKENS_MAX = 192;
const LANGUAGES: ReadonlySet<string> = new Set(["typescript", "javascript"]);

/** Undefined where no project has TypeScript or JavaScript, whose brackets are understood. */
export async function measureSamples(
  options: SampleOptions,
): Promise<Finished<{ readonly samples: Samples | undefined }>> {
  const { projects, samples, seed } = options;
  const files = codeFilesOf(projects).flatMap((code) => (LANGUAGES.has(code.language) ? code.files : []));
  const places = drawLines(files, samples, randomFor(seed, "samples")).map(lineStart);
  const report = startPhase({ phase: "samples", total: places.length, onProgress: options.onProgress });
  const written = await runBatched({
    items: places,
    work: (place, index) => writeSample(options, place, index),
    onDone: (done) => report(done, `${LINES} lines each`),
  });
  if (!("length" in written)) return written;
  if (written.length === 0) return { kind: "finished", samples: undefined };
  const real = places.map(({ prefix, suffix, expected }) => ({
    prefix,
    text: firstLines(expected + suffix),
  }));
  return { kind: "finished", samples: { written: sampleFigures(written), real: sampleFigures(real) } };
}

interface SampledText {
  readonly prefix: string;
  readonly text: string;
}

export function sampleFigures(samples: readonly SampledText[]): SampleFigures {
  const mean = (value: (sample: SampledText) => number) => meanOf(samples.map(value)) ?? 0;
  return {
    samples: samples.length,
    balanced: mean(({ prefix, text }) => (bracketFaults(prefix + text, prefix.length) === 0 ? 1 : 0)),
    repeatedNgrams: mean(({ text }) => repeatedNgrams(text, NGRAM)),
    repeatedLines: mean(({ text }) => repeatedLines(text)),
  };
}

async function writeSample(
  { model, tokenizer, seed, signal }: SampleOptions,
  { path, prefix }: LinePlace,
  index: number,
): Promise<Finished<SampledText>> {
  const completion = await complete({
    model,
    tokenizer,
    adapterScope: "boundary",
    prompt: completionPrompt({ tokenizer, path, prefix, suffix: "", form: "continue" }),
    sampling: { ...SAMPLED, seed: seed + index },
    tokensMax: TOKENS_MAX,
    stop: "",
    signal,
  });
  if (completion.kind === "cancelled") return completion;
  return { kind: "finished", prefix, text: firstLines(completion.text) };
}

function firstLines(text: string): string {
  return text.split("\n").slice(0, LINES).join("\n");
}
