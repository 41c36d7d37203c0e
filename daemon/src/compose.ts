/**
 * Puts the parts together: settings, catalog, project, engine, model, vocabulary, learning. The only file that knows
 * them all; everything below it is handed what it uses.
 */

import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Settings } from "@ouroboros/configs";
import type { Assistant } from "./assistant/assistant.js";
import { type AssistantOptions, LocalAssistant } from "./assistant/localAssistant.js";
import { type DataHome, locateDataHome, prepareDataHome } from "./base/dataHome.js";
import { codeOf } from "./base/errorMessage.js";
import type { Log } from "./base/log.js";
import { readSettings } from "./base/settingsFile.js";
import { watchOrg } from "./data/org/watchOrg.js";
import { createEngine, type Engine, loadTokenizer, type WeightType } from "./engine/engine.js";
import type { Journal } from "./journal/journal.js";
import type { Damage } from "./journal/segments.js";
import { loadAnchors, NO_ANCHORS } from "./learning/anchors.js";
import {
  joinLearning,
  type Learning,
  type LearningOptions,
  type LearningView,
  openJournalOf,
  openLearning,
  viewLearning,
} from "./learning/learning.js";
import { describeNotice } from "./learning/notices.js";
import { learningSettings } from "./learning/recipe.js";
import type { LoadedModel } from "./models/loadedModel.js";
import {
  checkVocabularyFits,
  embeddedAnchorsPath,
  embeddedModelPath,
  findVocabulary,
} from "./models/modelFiles.js";
import { checkIdentity } from "./models/modelIdentity.js";
import { promptFormOf } from "./prompt/promptForm.js";
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
  readonly weights?: WeightType | undefined;
}

export type { LoadedModel };

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
  readonly workplace: Pick<Workplace, "catalog" | "settings">;
  readonly choice: ModelChoice;
  readonly signal: AbortSignal;
}): Promise<LoadedModel> {
  const { workplace, choice, signal } = options;
  const registered = choice.model === undefined ? await checkpointInUse(workplace.catalog) : undefined;
  const path = choice.model ?? registered?.path ?? embeddedModelPath();
  const named = choice.vocab ?? registered?.vocabularyPath ?? undefined;
  const vocabularyPath = findVocabulary({ checkpoint: path, named });
  const { settings } = workplace;
  const engine = openEngine({ settings, threads: choice.threads });
  try {
    const weights = choice.weights ?? settings["ouroboros.engine.weights"];
    const model = await engine.loadModel({ path, signal, ...(weights === "auto" ? {} : { weights }) });
    if (registered) checkCheckpoint(registered, model.info.hash);
    const tokenizer = loadTokenizer(vocabularyPath);
    const rows = model.info.vocabularySize;
    await checkIdentity({
      checkpoint: path,
      modelHash: model.info.hash,
      vocabularyPath,
      vocabularyHash: tokenizer.hash,
    });
    checkVocabularyFits({ checkpoint: path, rows, vocabulary: vocabularyPath, tokens: tokenizer.size });
    const isEmbedded = path === embeddedModelPath();
    return { engine, model, tokenizer, path, vocabularyPath, isEmbedded, form: await promptFormOf(path) };
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
  const { catalog, project } = options.workplace;
  await rememberProject(catalog, project);
  return openLearning(await learningOptions(options));
}

async function learningOptions(options: {
  readonly workplace: Workplace;
  readonly loaded: LoadedModel;
}): Promise<LearningOptions> {
  const { home, project, settings } = options.workplace;
  const { engine, model, tokenizer, path } = options.loaded;
  const anchorsPath = embeddedAnchorsPath();
  return {
    home,
    project,
    engine,
    model,
    tokenizer,
    modelPath: resolve(path),
    settings: learningSettings(settings),
    anchors: existsSync(anchorsPath) ? await loadAnchors({ path: anchorsPath, tokenizer }) : NO_ANCHORS,
    clock: () => new Date(),
  };
}

/** The running daemon's Assistant over one data home. Close it. Throws AppError. */
export async function openAssistant(options: {
  readonly homeFolder: string | undefined;
  readonly version: string;
  readonly log: Log;
  readonly onPhase?: AssistantOptions["onPhase"];
}): Promise<Assistant> {
  const { homeFolder, version, log, onPhase } = options;
  const home = locateDataHome({ OURO_HOME: homeFolder });
  await prepareDataHome(home);
  const settings = await readSettings(home.root);
  const catalog = await openCatalog(home);
  const journal = lazyJournal(home);
  const joined = { home, settings, catalog };
  return new LocalAssistant({
    version,
    homeFolder: home.root,
    settings,
    // Both files are read anew: commands and people change them while the daemon runs.
    load: async (signal) => {
      const chosen = { settings: await readSettings(home.root), catalog: await openCatalog(home) };
      return openModel({ workplace: chosen, choice: {}, signal });
    },
    async join(project, loaded) {
      // A list for people: that it cannot be written is no reason not to learn.
      await rememberProject(catalog, project).catch((error: unknown) => {
        log.warn({ code: codeOf(error) }, "the catalog cannot be written");
      });
      return joinLearning(
        await learningOptions({ workplace: { ...joined, project }, loaded }),
        await journal.open(),
      );
    },
    notices: journal.notices,
    watch: (listener) => watchOrg({ paths: taughtPaths(home), ...listener }),
    release: journal.close,
    log,
    nowMs: () => performance.now(),
    ...(onPhase && { onPhase }),
  });
}

const ORG_FILE = "sft.org";

/** The user's own corpus, and beside a clone's daemon the one that people edit there. */
function taughtPaths(home: DataHome): readonly string[] {
  const inClone = resolve(embeddedModelPath(), "..", "..", "..", "org-data", ORG_FILE);
  return [join(home.root, ORG_FILE), ...(existsSync(inClone) ? [inClone] : [])];
}

/** Opened when learning first needs it, and kept: another process may hold it while the daemon starts. */
function lazyJournal(home: DataHome) {
  let opening: Promise<Journal> | undefined;
  let damage: readonly Damage[] = [];
  return {
    open() {
      opening ??= openJournalOf(home, () => {}).then((journal) => {
        damage = journal.damage;
        return journal;
      });
      opening.catch(() => {
        opening = undefined;
      });
      return opening;
    },
    notices: () => damage.map((each) => describeNotice({ kind: "journal", damage: each })),
    close: async () => {
      const journal = await opening?.catch(() => undefined);
      await journal?.close();
    },
  };
}
