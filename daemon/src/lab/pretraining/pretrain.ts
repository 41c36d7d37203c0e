/**
 * A model from nothing: corpus → vocabulary → tokens → training → files. Every part that is already there is kept, so a
 * run that was stopped anywhere goes on from there; a part that is there and is not what the configuration says is an
 * error, never silently used.
 */

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { type PretrainingConfig, stepsOf } from "@ouroboros/configs";
import { writeFileAtomic } from "../../base/atomicFile.js";
import { AppError } from "../../base/errors.js";
import { makeFolder } from "../../base/makeFolder.js";
import type { OnProgress } from "../../base/progress.js";
import { readRegularFile, readRegularText } from "../../base/regularFile.js";
import { type Engine, loadTokenizer, type Model, type Tokenizer, type Trainer } from "../../engine/engine.js";
import { VOCABULARY_FILE } from "../../models/modelFiles.js";
import { MODEL_CONFIG_FILE } from "../../models/modelIdentity.js";
import { controlsOf } from "../../prompt/controls.js";
import { hasStoppedRun, runTraining, type TrainingProgress, weightsOf } from "../../training/trainingLoop.js";
import { buildCorpus } from "../corpus/buildCorpus.js";
import { MANIFEST_FILE, readManifest } from "../corpus/documents.js";
import type { CorpusRecipe } from "../corpus/recipe.js";
import { openSampleStream } from "../corpus/samples/sampleStream.js";
import { readTokenised, tokeniseCorpus } from "../corpus/samples/tokenisedCorpus.js";
import { validationWindows } from "../corpus/samples/validationWindows.js";
import { trainCorpusVocabulary } from "../vocabulary/corpusVocabulary.js";

interface PretrainOptions {
  readonly engine: Engine;
  readonly recipe: CorpusRecipe;
  readonly config: PretrainingConfig;
  /** Receives model.safetensors, vocab.txt and config.json; the state to resume from, the log and the event files. */
  readonly folder: string;
  readonly corpusFolder: string;
  /** `new`: there must be no run in the folder. */
  readonly resume: "new" | "resume" | "restart";
  readonly minutesMax?: number | undefined;
  readonly onProgress: OnProgress;
  readonly onStep: (progress: TrainingProgress) => void;
  readonly signal: AbortSignal;
}

type Pretrained =
  | { readonly kind: "finished"; readonly path: string; readonly loss: number; readonly steps: number }
  /** `done`: the last part that is complete, for the person. */
  | { readonly kind: "stopped"; readonly done: string };

const IDENTITY_FILE = "run.json";
/** Enough for two digits after the point, and seconds of work. */
const VALIDATION_WINDOWS = 24;

export async function pretrain(options: PretrainOptions): Promise<Pretrained> {
  const { folder, corpusFolder, config, recipe, signal, onProgress } = options;
  if (options.resume === "new" && hasStoppedRun(folder))
    throw new AppError(
      "input-invalid",
      `there is a run in ${folder}; go on with it (--resume), train anew (--restart), or name another folder (--output)`,
    );
  await makeFolder(folder);
  if (!existsSync(join(corpusFolder, MANIFEST_FILE))) {
    const built = await buildCorpus({ recipe, folder: corpusFolder, signal, onProgress });
    if (built.kind === "cancelled") return { kind: "stopped", done: "what was fetched" };
  }
  const vocabulary = join(folder, VOCABULARY_FILE);
  if (!existsSync(vocabulary)) {
    const made = await makeVocabulary(options, vocabulary);
    if (made === "cancelled") return { kind: "stopped", done: "the corpus" };
  }
  const tokenizer = loadTokenizer(vocabulary);
  checkVocabulary({ tokenizer, config, path: vocabulary });
  const tokenised = await tokeniseCorpus({ folder: corpusFolder, tokenizer, signal, onProgress });
  if (tokenised.kind === "cancelled") return { kind: "stopped", done: "the vocabulary" };
  return trainFromTokens({ ...options, tokenizer });
}

async function makeVocabulary(
  { config, corpusFolder, signal, onProgress }: PretrainOptions,
  path: string,
): Promise<"made" | "cancelled"> {
  if (config.start !== undefined) {
    const from = join(config.start, VOCABULARY_FILE);
    if (!existsSync(from))
      throw new AppError(
        "input-invalid",
        `${config.start} has no ${VOCABULARY_FILE}; start from a folder with model.safetensors and ${VOCABULARY_FILE}`,
      );
    await copyFile(from, path);
    return "made";
  }
  const size = config.model.vocabularySize;
  const made = await trainCorpusVocabulary({ folder: corpusFolder, path, size, signal, onProgress });
  return made.kind === "cancelled" ? "cancelled" : "made";
}

function checkVocabulary(options: {
  readonly tokenizer: Tokenizer;
  readonly config: PretrainingConfig;
  readonly path: string;
}): void {
  const { tokenizer, config, path } = options;
  const { vocabularySize } = config.model;
  if (tokenizer.size > vocabularySize)
    throw new AppError(
      "input-invalid",
      `${path} has ${tokenizer.size} tokens, but the model only ${vocabularySize} rows; correct model.vocabularySize`,
    );
  if (controlsOf(tokenizer) === undefined)
    throw new AppError(
      "input-invalid",
      `${path} has no control tokens; make a vocabulary with \`ouro vocab train\``,
    );
  const bytes = new Set(
    Array.from({ length: tokenizer.size }, (_, token) => tokenizer.bytesOf(token))
      .filter((text) => text?.length === 1)
      .map((text) => text?.[0]),
  );
  const missing = Array.from({ length: 256 }, (_, byte) => byte).find((byte) => !bytes.has(byte));
  if (missing !== undefined)
    throw new AppError(
      "input-invalid",
      `${path} has no token for the byte 0x${missing.toString(16).padStart(2, "0")}, so it cannot write every text; make a vocabulary with \`ouro vocab train\``,
    );
}

async function trainFromTokens(
  options: PretrainOptions & { readonly tokenizer: Tokenizer },
): Promise<Pretrained> {
  const { config, folder, corpusFolder, tokenizer, signal, resume, minutesMax, onStep } = options;
  const stream = await openSampleStream({ ...config, folder: corpusFolder, tokenizer });
  const held = await readTokenised({ folder: corpusFolder, split: "valid", tokenizer });
  const contextTokens = Math.max(...config.stages.map((stage) => stage.contextTokens));
  const { documentsHash } = await readManifest(corpusFolder);
  await claimRun({ folder, resume, config, documentsHash, vocabularyHash: tokenizer.hash });
  const trained = await runTraining({
    model: await startOf(options),
    plan: { ...config, steps: stepsOf(config) },
    parameters: { kind: "whole" },
    batch: (step) => stream.batch(step),
    validation: validationWindows({ split: held, contextTokens, count: VALIDATION_WINDOWS }),
    folder,
    resume: resume === "resume" ? "resume" : "restart",
    minutesMax,
    now: () => performance.now(),
    onStep,
    signal,
  });
  await save({ ...options, trainer: trained.trainer });
  if (trained.kind === "stopped")
    return { kind: "stopped", done: `step ${trained.step} of ${stepsOf(config)}` };
  return { kind: "finished", path: modelPath(folder), loss: trained.loss, steps: trained.steps };
}

async function startOf({ engine, config }: PretrainOptions): Promise<Model> {
  if (config.start === undefined) return engine.initialModel({ shape: config.model, seed: config.seed });
  const model = await engine.loadModel({ path: modelPath(config.start) });
  const { layers, width, vocabularySize } = model.info;
  const { model: wanted } = config;
  if (layers !== wanted.layers || width !== wanted.width || vocabularySize !== wanted.vocabularySize)
    throw new AppError(
      "input-invalid",
      `${config.start} has ${layers} layers of width ${width} and ${vocabularySize} rows, not what the configuration says`,
    );
  return model;
}

/** The settings that a run cannot change once begun; stages, rates, mix and guard it can (an anneal is such a change). */
async function claimRun(run: {
  readonly folder: string;
  readonly resume: PretrainOptions["resume"];
  readonly config: PretrainingConfig;
  readonly documentsHash: string;
  readonly vocabularyHash: string;
}): Promise<void> {
  const { folder, config, documentsHash, vocabularyHash } = run;
  const { model, tokensPerStep, optimizer, seed } = config;
  const identity = { model, tokensPerStep, optimizer, seed, documentsHash, vocabularyHash };
  const path = join(folder, IDENTITY_FILE);
  if (run.resume === "resume" && existsSync(path)) {
    const begun = new Map(Object.entries(JSON.parse(await readRegularText(path))));
    for (const [key, value] of Object.entries(identity)) {
      if (JSON.stringify(begun.get(key)) === JSON.stringify(value)) continue;
      throw new AppError(
        "input-invalid",
        `the run in ${folder} was begun with another ${key}; restore it, or train anew (--restart)`,
      );
    }
  }
  await writeFileAtomic(path, `${JSON.stringify(identity, null, 2)}\n`);
}

function modelPath(folder: string): string {
  return join(folder, "model.safetensors");
}

async function save(options: {
  readonly trainer: Trainer;
  readonly folder: string;
  readonly config: PretrainingConfig;
  readonly recipe: CorpusRecipe;
  readonly tokenizer: Tokenizer;
}): Promise<void> {
  const { trainer, folder, config, recipe, tokenizer } = options;
  await trainer.saveCheckpoint({ path: modelPath(folder), precision: "bf16", weights: weightsOf(config) });
  const modelHash = createHash("sha256")
    .update(await readRegularFile(modelPath(folder)))
    .digest("hex");
  // Where it started from is a folder of this machine, and the model may be given away.
  const { start: _, ...training } = config;
  const about = { modelHash, vocabularyHash: tokenizer.hash, corpus: recipe.name, training };
  await writeFileAtomic(join(folder, MODEL_CONFIG_FILE), `${JSON.stringify(about, null, 2)}\n`);
}
