/**
 * Puts the parts together: settings, catalog, project, engine, model, vocabulary, learning. The only file that knows
 * them all; everything below it is handed what it uses.
 */

import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Settings, SettingsProblem } from "@ouroboros/configs";
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
import { describeNotice } from "./learning/notices.js";
import {
  joinLearning,
  type LearningOptions,
  listLearning,
  openJournalOf,
  viewLearning,
} from "./learning/open.js";
import { learningSettings } from "./learning/recipe.js";
import { openFileHashes } from "./models/fileHashes.js";
import type { LoadedModel } from "./models/loadedModel.js";
import {
  checkVocabularyFits,
  embeddedAnchorsPath,
  embeddedModelPath,
  findVocabulary,
} from "./models/modelFiles.js";
import { checkIdentity, identifyModel } from "./models/modelIdentity.js";
import { promptFormOf } from "./models/promptFormOf.js";
import type { ServedModelAnswer } from "./protocol/routes.js";
import {
  type Catalog,
  checkCheckpoint,
  checkpointInUse,
  openCatalog,
  type RegisteredCheckpoint,
  rememberProject,
} from "./store/catalog.js";
import { type Project, projectOf } from "./store/project.js";

/** Everything about this user and this project that needs no model. */
export interface Workplace {
  readonly home: DataHome;
  readonly settings: Settings;
  /** What is wrong with the settings file, one sentence each. */
  readonly settingsProblems: readonly SettingsProblem[];
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
  const { settings, problems } = await readSettings(home.root);
  const project = await projectOf(options.projectFolder);
  return { home, settings, settingsProblems: problems, catalog: await openCatalog(home), project };
}

/** What a command says about the model to use; everything else is decided by catalog and settings. */
interface ModelChoice {
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

interface ChosenFiles {
  readonly path: string;
  readonly vocabularyPath: string;
  readonly registered: RegisteredCheckpoint | undefined;
}

/** Finds the files of the model that `choice`, else the catalog, else nobody names (the embedded one). */
async function chooseFiles({ workplace, choice }: ModelQuestion): Promise<ChosenFiles> {
  const registered = choice.model === undefined ? await checkpointInUse(workplace.catalog) : undefined;
  const path = choice.model ?? registered?.path ?? embeddedModelPath();
  const named = choice.vocab ?? registered?.vocabularyPath ?? undefined;
  return { path, vocabularyPath: findVocabulary({ checkpoint: path, named }), registered };
}

interface ModelQuestion {
  readonly workplace: Pick<Workplace, "catalog" | "settings">;
  readonly choice: ModelChoice;
}

/** Loads the model of `chooseFiles`. Close its engine. */
export async function openModel(
  options: ModelQuestion & { readonly signal: AbortSignal },
): Promise<LoadedModel> {
  const { workplace, choice, signal } = options;
  const { path, vocabularyPath, registered } = await chooseFiles(options);
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

/** Which model `openModel` would load, and with which weights. Loads nothing. */
export async function identifyChoice(
  options: ModelQuestion & { readonly home: DataHome },
): Promise<ServedModelAnswer> {
  const { home, workplace, choice } = options;
  const { path, vocabularyPath, registered } = await chooseFiles(options);
  const hashes = openFileHashes(join(home.runtime, HASHES_FILE));
  const registeredHash = registered?.hash;
  const identity = await identifyModel({ checkpoint: path, registeredHash, vocabularyPath, hashes });
  return { ...identity, weights: choice.weights ?? workplace.settings["ouroboros.engine.weights"] };
}

const HASHES_FILE = "hashes.json";

async function learningOptions(options: {
  readonly workplace: Pick<Workplace, "home" | "project" | "settings">;
  readonly loaded: LoadedModel;
}): Promise<Omit<LearningOptions, "show">> {
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

/**
 * The Assistant over one data home: the daemon's, or a command's own where none runs or another model is asked for.
 * Close it. Throws AppError.
 */
export async function openAssistant(options: {
  readonly homeFolder: string | undefined;
  readonly version: string;
  readonly log: Log;
  /** A command's own Assistant answers with the model that it names, and leaves files that teach alone. */
  readonly own?: { readonly choice: ModelChoice; readonly signal: AbortSignal };
  readonly onPhase?: AssistantOptions["onPhase"];
  /** The journal is lost: it was deleted, moved or replaced. Called once at most. */
  readonly onHomeLost?: () => void;
}): Promise<Assistant> {
  const { homeFolder, version, log, own, onPhase, onHomeLost = () => undefined } = options;
  const home = locateDataHome({ OURO_HOME: homeFolder });
  await prepareDataHome(home);
  const settingsFile = toldSettings(home, log);
  const settings = await settingsFile.read();
  const catalog = await openCatalog(home);
  const journal = lazyJournal(home, onHomeLost);
  const choice = own?.choice ?? {};
  // Both files are read anew: commands and people change them while the daemon runs.
  let problem = choice.model === undefined ? catalog.problem : undefined;
  const question = async () => {
    const chosen = await openCatalog(home);
    if (choice.model === undefined) problem = chosen.problem;
    if (problem !== undefined) log.warn({}, "which model was chosen is not known: the embedded one answers");
    return { workplace: { settings: await settingsFile.read(), catalog: chosen }, choice };
  };
  return new LocalAssistant({
    version,
    homeFolder: home.root,
    settings,
    load: async (signal) =>
      openModel({ ...(await question()), signal: own ? AbortSignal.any([signal, own.signal]) : signal }),
    identify: async () => identifyChoice({ home, ...(await question()) }),
    async join(project, loaded, show) {
      // A list for people: that it cannot be written is no reason not to learn.
      await rememberProject(catalog, project).catch((error: unknown) => {
        log.warn({ code: codeOf(error) }, "the catalog cannot be written");
      });
      return joinLearning(
        { ...(await learningOptions({ workplace: { home, settings, project }, loaded })), show },
        await journal.open(),
      );
    },
    view: (project, { model, tokenizer }) => viewLearning({ home, project, model, tokenizer }),
    list: (project, { hash, vocabularyHash }) =>
      listLearning(home, { project: project.id, model: hash, vocabulary: vocabularyHash }),
    notices: settingsFile.notices,
    losses: () => [...(problem === undefined ? [] : [problem]), ...journal.notices()],
    watch: (listener) => (own ? NOT_WATCHING : watchOrg({ paths: taughtPaths(home), ...listener })),
    release: journal.close,
    log,
    nowMs: () => performance.now(),
    ...(onPhase && { onPhase }),
  });
}

const NOT_WATCHING = { close: async () => {} };

const ORG_FILE = "sft.org";

/** The user's own corpus, and beside a clone's daemon the one that people edit there. */
function taughtPaths(home: DataHome): readonly string[] {
  const inClone = resolve(embeddedModelPath(), "..", "..", "..", "org-data", ORG_FILE);
  return [join(home.root, ORG_FILE), ...(existsSync(inClone) ? [inClone] : [])];
}

/** The settings file, read again and again; what was wrong with it last is told in the state, and by key in the log. */
function toldSettings(home: DataHome, log: Log) {
  let problems: readonly SettingsProblem[] = [];
  return {
    async read(): Promise<Settings> {
      const read = await readSettings(home.root);
      problems = read.problems;
      for (const { key } of problems)
        log.warn({ setting: key, code: "settings-invalid" }, "a setting is not used");
      return read.settings;
    },
    notices: () => problems.map(({ message }) => message),
  };
}

/** Opened when learning first needs it, and kept: another process may hold it while the daemon starts. */
function lazyJournal(home: DataHome, onLost: () => void) {
  let opening: Promise<Journal> | undefined;
  let damage: readonly Damage[] = [];
  return {
    open() {
      opening ??= openJournalOf(home, { onRecord: () => undefined, onLost }).then((journal) => {
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
