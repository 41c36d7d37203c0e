/**
 * Opens the learning of one project with one model: to learn, beside others that share the journal, or only to see what
 * was learned.
 */

import { join } from "node:path";
import type { DataHome } from "../base/dataHome.js";
import type { Engine, Model, Tokenizer } from "../engine/engine.js";
import { type Journal, openJournal } from "../journal/journal.js";
import type { JournalRecord, Scope } from "../journal/records.js";
import { type Damage, readJournal } from "../journal/segments.js";
import { adapterFolder } from "../store/adapters.js";
import type { Project } from "../store/project.js";
import { newestStored, newestUsable, pruneSpare, type Usable } from "./adapterFiles.js";
import type { Anchors } from "./anchors.js";
import { createBaseReader } from "./baseCache.js";
import { type LearningContext, loaded } from "./context.js";
import { randomId } from "./correctionRecord.js";
import { applyRecord, emptyHistory, type History, listLearned } from "./history.js";
import { type LearnedList, Learning, type LearningView } from "./learning.js";
import { noticesOf } from "./notices.js";
import type { LearningSettings } from "./recipe.js";

interface ViewOptions {
  readonly home: DataHome;
  readonly model: Model;
  readonly tokenizer: Tokenizer;
  readonly project: Project;
}

export interface LearningOptions extends ViewOptions {
  readonly engine: Engine;
  /** Absolute path of the model's file, for the manifests; null for a model made in memory. */
  readonly modelPath: string | null;
  readonly settings: LearningSettings;
  readonly anchors: Anchors;
  readonly clock: () => Date;
  /** Makes ids; default: random. */
  readonly newId?: () => string;
}

/** Reads what was learned. Takes no lock and changes nothing, so it works while another process learns. */
export async function viewLearning(options: ViewOptions): Promise<LearningView> {
  const seen = await readLearned(options.home, scopeOf(options), (history) => currentOf(options, history));
  return { ...listOf(seen), currentAdapter: () => loaded(seen.current) };
}

/** The same for who has no model: the adapter that is named has its files, and is not loaded to see whether it can be. */
export async function listLearning(home: DataHome, scope: Scope): Promise<LearnedList> {
  const folder = adapterFolder(home, { checkpoint: scope.model, project: scope.project });
  return listOf(await readLearned(home, scope, (history) => newestStored(folder, history)));
}

interface Seen {
  readonly damage: readonly Damage[];
  readonly history: History;
  readonly current: Usable;
}

async function readLearned(
  home: DataHome,
  scope: Scope,
  currentOf: (history: History) => Promise<Usable>,
): Promise<Seen> {
  const once = async () => {
    const history = emptyHistory(scope);
    const onRecord = (entry: JournalRecord) => applyRecord(history, entry);
    const { damage } = await readJournal({ folder: home.journal, onRecord });
    return { damage, history, current: await currentOf(history) };
  };
  const seen = await once();
  // A file that is gone may be gone because another process undid something just now: then the journal says so.
  return seen.current.version === seen.history.version ? seen : once();
}

function listOf(seen: Seen): LearnedList {
  const { history, current } = seen;
  return {
    notices: noticesOf(seen),
    learned: () => listLearned(history),
    adapterVersion: current.version,
  };
}

/** The journal of a data home, for writing. Throws `journal-busy` while another process has it open, `journal-*`. */
export function openJournalOf(home: DataHome, onRecord: (entry: JournalRecord) => void): Promise<Journal> {
  return openJournal({ folder: home.journal, lockFolder: join(home.runtime, "learning.lock"), onRecord });
}

/**
 * Opens one project for learning beside others that write to the same journal. Its owner closes the journal after
 * the last of them, and knows what was damaged.
 */
export async function joinLearning(options: LearningOptions, journal: Journal): Promise<Learning> {
  const history = emptyHistory(scopeOf(options));
  const { home, model } = options;
  await readJournal({ folder: home.journal, onRecord: (entry) => applyRecord(history, entry) });
  const context: LearningContext = {
    home,
    model,
    modelPath: options.modelPath,
    instructionSet: options.engine.instructionSet,
    precision: options.engine.precision,
    project: options.project,
    settings: options.settings,
    anchors: options.anchors,
    clock: options.clock,
    base: createBaseReader(model),
    history,
    journal,
  };
  const current = await currentOf(options, history);
  await pruneSpare(context);
  const notices = noticesOf({ damage: [], history, current });
  const { newId = randomId } = options;
  return new Learning({ context, notices, current: loaded(current), newId });
}

function scopeOf({ project, model, tokenizer }: ViewOptions): Scope {
  return { project: project.id, model: model.info.hash, vocabulary: tokenizer.hash };
}

function currentOf({ home, model, project }: ViewOptions, history: History): Promise<Usable> {
  const folder = adapterFolder(home, { checkpoint: model.info.hash, project: project.id });
  return newestUsable({ model, folder, history, index: history.lineage.length });
}
