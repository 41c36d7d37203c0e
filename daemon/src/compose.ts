/**
 * Puts the parts together: settings, catalog, project, engine, model, vocabulary, learning. The only file that knows
 * them all; everything below it is handed what it uses.
 */

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Settings } from "@ouroboros/configs";
import { createEngine, loadTokenizer } from "@ouroboros/native";
import { type DataHome, locateDataHome, prepareDataHome } from "./dataHome.js";
import type { Engine, Model, Tokenizer } from "./engine/engine.js";
import { loadAnchors, NO_ANCHORS } from "./learning/anchors.js";
import { type Learning, type LearningView, openLearning, viewLearning } from "./learning/learning.js";
import { LEARNING_DEFAULTS, type LearningSettings } from "./learning/recipe.js";
import { checkVocabularyFits, embeddedAnchorsPath, embeddedModelPath, findVocabulary } from "./modelFiles.js";
import { readSettings } from "./settingsFile.js";
import {
  type Catalog,
  checkCheckpoint,
  checkpointInUse,
  openCatalog,
  rememberProject,
} from "./store/catalog.js";
import { type Project, projectOf } from "./store/project.js";

/** Everything about this user and this project that needs no model. */
export interface Workplace {
  readonly home: DataHome;
  readonly settings: Settings;
  readonly catalog: Catalog;
  readonly project: Project;
}

/** Creates the data home where there is none. Throws AppError. */
export async function openWorkplace(options: {
  /** OURO_HOME, or what overrules it. */
  readonly homeFolder: string | undefined;
  readonly projectFolder: string;
}): Promise<Workplace> {
  const home = locateDataHome({ OURO_HOME: options.homeFolder });
  await prepareDataHome(home);
  const settings = await readSettings(home.root);
  const project = await projectOf(options.projectFolder);
  return { home, settings, catalog: await openCatalog(home), project };
}

/** What a command says about the model to use; everything else is decided by catalog and settings. */
export interface ModelChoice {
  readonly model?: string | undefined;
  readonly vocab?: string | undefined;
  readonly threads?: number | undefined;
}

export interface LoadedModel {
  readonly engine: Engine;
  readonly model: Model;
  readonly tokenizer: Tokenizer;
  readonly path: string;
  readonly vocabularyPath: string;
  readonly isEmbedded: boolean;
}

/** The threads and instruction set of settings and command line. The caller closes the engine. */
export function openEngine(options: {
  readonly settings: Settings;
  readonly threads?: number | undefined;
}): Engine {
  const threads = options.threads ?? options.settings["ouroboros.engine.threads"];
  const instructionSet = options.settings["ouroboros.engine.instructionSet"];
  return createEngine({
    ...(threads === 0 ? {} : { threads }),
    ...(instructionSet === "auto" ? {} : { instructionSet }),
  });
}

/** Loads the model that `choice`, else the catalog, else nobody names (the embedded one). Close its engine. */
export async function openModel(options: {
  readonly workplace: Workplace;
  readonly choice: ModelChoice;
  readonly signal: AbortSignal;
}): Promise<LoadedModel> {
  const { workplace, choice, signal } = options;
  const registered = choice.model === undefined ? await checkpointInUse(workplace.catalog) : undefined;
  const path = choice.model ?? registered?.path ?? embeddedModelPath();
  const named = choice.vocab ?? registered?.vocabularyPath ?? undefined;
  const vocabularyPath = findVocabulary({ checkpoint: path, named });
  const engine = openEngine({ settings: workplace.settings, threads: choice.threads });
  try {
    const model = await engine.loadModel({ path, signal });
    if (registered) checkCheckpoint(registered, model.info.hash);
    const tokenizer = loadTokenizer(vocabularyPath);
    const rows = model.info.vocabularySize;
    checkVocabularyFits({ checkpoint: path, rows, vocabulary: vocabularyPath, tokens: tokenizer.size });
    return { engine, model, tokenizer, path, vocabularyPath, isEmbedded: path === embeddedModelPath() };
  } catch (error) {
    engine.close();
    throw error;
  }
}

/** What this project has taught this model, without the right to change it: works while another process learns. */
export function viewProject(options: {
  readonly workplace: Workplace;
  readonly loaded: LoadedModel;
}): Promise<LearningView> {
  const { home, project } = options.workplace;
  const { model, tokenizer } = options.loaded;
  return viewLearning({ home, project, model, tokenizer });
}

/** Opens learning for this project and model; one process at a time. Close it. */
export async function openProject(options: {
  readonly workplace: Workplace;
  readonly loaded: LoadedModel;
}): Promise<Learning> {
  const { home, project, catalog, settings } = options.workplace;
  const { engine, model, tokenizer, path } = options.loaded;
  await rememberProject(catalog, project);
  const anchorsPath = embeddedAnchorsPath();
  return openLearning({
    home,
    project,
    engine,
    model,
    tokenizer,
    modelPath: resolve(path),
    settings: learningSettings(settings),
    anchors: existsSync(anchorsPath) ? await loadAnchors({ path: anchorsPath, tokenizer }) : NO_ANCHORS,
    clock: () => new Date(),
  });
}

function learningSettings(settings: Settings): LearningSettings {
  return {
    ...LEARNING_DEFAULTS,
    parameters: settings["ouroboros.learning.parameters"],
    loraRank: settings["ouroboros.learning.loraRank"],
    replayPerStep: settings["ouroboros.learning.replayPerStep"],
    anchorsPerStep: settings["ouroboros.learning.anchorsPerStep"],
  };
}
