/**
 * The recipe of the embedded model, from nothing: corpus → vocabulary → tokens → training → files. Every part that is
 * already there is kept, so a run that was stopped anywhere goes on from there.
 */

import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { MODEL_SHAPES, type ModelShapeConfig, type TrainingProfile } from "@ouroboros/configs";
import { type Engine, loadTokenizer, type Tokenizer, type Trainer } from "@ouroboros/native";
import { buildCorpus } from "../corpus/buildCorpus.js";
import { MANIFEST_FILE } from "../corpus/documents.js";
import type { OnProgress } from "../corpus/progress.js";
import type { CorpusRecipe } from "../corpus/recipe.js";
import { openSampleStream } from "../corpus/sampleStream.js";
import { tokeniseCorpus } from "../corpus/tokenisedCorpus.js";
import { AppError } from "../errors.js";
import { trainCorpusVocabulary } from "../vocabulary/corpusVocabulary.js";
import { pretrain } from "./pretrain.js";

export interface EmbeddedOptions {
  readonly engine: Engine;
  readonly recipe: CorpusRecipe;
  readonly profile: TrainingProfile;
  /** Receives model.safetensors, vocab.txt, config.json, and while it runs the state to resume from. */
  readonly folder: string;
  readonly corpusFolder: string;
  readonly resume: "resume" | "restart";
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal;
}

export type EmbeddedOutcome =
  | { readonly kind: "finished"; readonly path: string; readonly loss: number; readonly steps: number }
  /** `done`: the last part that is complete, for the person. */
  | { readonly kind: "cancelled"; readonly done: string };

export async function trainEmbedded(options: EmbeddedOptions): Promise<EmbeddedOutcome> {
  const { folder, corpusFolder, profile, recipe, signal, onProgress } = options;
  const shape = MODEL_SHAPES[profile.model];
  if (shape === undefined) throw new AppError("input-invalid", `there is no model shape "${profile.model}"`);
  await mkdir(folder, { recursive: true });
  if (!existsSync(join(corpusFolder, MANIFEST_FILE))) {
    const built = await buildCorpus({ recipe, folder: corpusFolder, signal, onProgress });
    if (built.kind === "cancelled") return { kind: "cancelled", done: "what was fetched" };
  }
  const vocabulary = join(folder, "vocab.txt");
  if (!existsSync(vocabulary)) {
    const size = shape.vocabularySize;
    const made = await trainCorpusVocabulary({
      folder: corpusFolder,
      path: vocabulary,
      size,
      signal,
      onProgress,
    });
    if (made.kind === "cancelled") return { kind: "cancelled", done: "the corpus" };
  }
  const tokenizer = loadTokenizer(vocabulary);
  const tokenised = await tokeniseCorpus({ folder: corpusFolder, tokenizer, signal, onProgress });
  if (tokenised.kind === "cancelled") return { kind: "cancelled", done: "the vocabulary" };
  return trainFromTokens({ ...options, shape, tokenizer });
}

async function trainFromTokens(
  options: EmbeddedOptions & { readonly shape: ModelShapeConfig; readonly tokenizer: Tokenizer },
): Promise<EmbeddedOutcome> {
  const { engine, shape, profile, folder, tokenizer, signal, resume, onProgress } = options;
  const { layers, width, vocabularySize } = shape;
  const stream = await openSampleStream({
    folder: options.corpusFolder,
    tokenizer,
    contextTokens: profile.sequenceTokens,
    sequencesPerStep: profile.sequencesPerStep,
    seed: profile.seed,
  });
  const model = await engine.initialModel({ shape: { layers, width, vocabularySize }, seed: profile.seed });
  const trained = await pretrain({
    model,
    profile,
    parameters: { kind: "whole" },
    batch: (step) => stream.batch(step).tokens,
    folder,
    resume,
    now: () => performance.now(),
    onStep: ({ step, steps, loss, tokensPerSecond, secondsLeft }) => {
      const detail = `loss ${loss.toFixed(3)}, ${Math.round(tokensPerSecond)} tokens/s`;
      onProgress({ phase: "train", done: step, total: steps, detail, secondsLeft });
    },
    signal,
  });
  if (trained.kind === "cancelled")
    return { kind: "cancelled", done: `step ${trained.step} of ${profile.steps}` };
  const path = await save({ ...options, trainer: trained.trainer });
  return { kind: "finished", path, loss: trained.loss, steps: profile.steps };
}

async function save(options: {
  readonly trainer: Trainer;
  readonly folder: string;
  readonly shape: ModelShapeConfig;
  readonly profile: TrainingProfile;
  readonly recipe: CorpusRecipe;
  readonly tokenizer: Tokenizer;
}): Promise<string> {
  const { trainer, folder, shape, profile, recipe, tokenizer } = options;
  const path = join(folder, "model.safetensors");
  await trainer.saveCheckpoint({ path, precision: "bf16" });
  const config = { shape, vocabularyHash: tokenizer.hash, corpus: recipe.name, training: profile };
  await writeFile(join(folder, "config.json"), `${JSON.stringify(config, null, 2)}\n`);
  return path;
}
