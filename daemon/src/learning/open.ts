/**
 * Opens the learning of one project with one model: to learn, beside others that share the journal, or only to see what
 * was learned.
 */

import { join } from "node:path";
import type { DataHome } from "../base/dataHome.js";
import type { Engine, Model, Tokenizer } from "../engine/engine.js";
import { type Journal, type JournalOptions, openJournal } from "../journal/journal.js";
import type { JournalRecord, Scope } from "../journal/records.js";
import { type Damage, readJournal } from "../journal/segments.js";
import { adapterFolder } from "../store/adapters.js";
import type { Project } from "../store/project.js";
import { newestStored, newestUsable, pruneSpare, type Usable, unexplainedVersions } from "./adapterFiles.js";
import type { Anchors } from "./anchors.js";
import { baseReaderOf } from "./baseCache.js";
import { type LearningContext, loaded, type Show } from "./context.js";
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
  readonly show: Show;
  /** Makes ids; default: random. */
  readonly newId?: () => string;
}

/** Reads what was learned. Takes no lock and changes nothing, so it works while another process learns. */
export async function viewLearning(options: ViewOptions): Promise<LearningView> {
  const { home, model, project } = options;
  const folder = adapterFolder(home, { checkpoint: model.info.hash, project: project.id });
  const currentOf = (history: History) => currentIn({ folder, model, history });
  const seen = await readLearned({ home, scope: scopeOf(options), folder, currentOf });
  return { ...listOf(seen), currentAdapter: () => loaded(seen.current) };
}

/** The same for who has no model: the adapter that is named has its files, and is not loaded to see whether it can be. */
export async function listLearning(home: DataHome, scope: Scope): Promise<LearnedList> {
  const folder = adapterFolder(home, { checkpoint: scope.model, project: scope.project });
  const currentOf = (history: History) => newestStored(folder, history);
  return listOf(await readLearned({ home, scope, folder, currentOf }));
}

interface Seen {
  readonly damage: readonly Damage[];
  readonly history: History;
  readonly current: Usable;
  readonly unexplained: readonly number[];
}

async function readLearned(reading: {
  readonly home: DataHome;
  readonly scope: Scope;
  readonly folder: string;
  readonly currentOf: (history: History) => Promise<Usable>;
}): Promise<Seen> {
  const { home, scope, folder, currentOf } = reading;
  const once = async () => {
    const history = emptyHistory(scope);
    const onRecord = (entry: JournalRecord) => applyRecord(history, entry);
    const { damage } = await readJournal({ folder: home.journal, onRecord });
    const unexplained = await unexplainedVersions(folder, history);
    return { damage, history, unexplained, current: await currentOf(history) };
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
export function openJournalOf(
  home: DataHome,
  listener: Pick<JournalOptions, "onRecord" | "onLost">,
): Promise<Journal> {
  return openJournal({
    folder: home.journal,
    lockFolder: join(home.runtime, "learning.lock"),
    ...listener,
  });
}

/**
 * Opens one project for learning beside others that write to the same journal. Its owner closes the journal after
 * the last of them, and knows what was damaged.
 */
export async function joinLearning(options: LearningOptions, journal: Journal): Promise<Learning> {
  const history = emptyHistory(scopeOf(options));
  const { home, model, project } = options;
  const folder = adapterFolder(home, { checkpoint: model.info.hash, project: project.id });
  await readJournal({ folder: home.journal, onRecord: (entry) => applyRecord(history, entry) });
  const unexplained = await unexplainedVersions(folder, history);
  const context: LearningContext = {
    home,
    model,
    modelPath: options.modelPath,
    instructionSet: options.engine.instructionSet,
    precision: options.engine.precision,
    project,
    settings: options.settings,
    anchors: options.anchors,
    clock: options.clock,
    base: baseReaderOf(model),
    show: options.show,
    history,
    unexplained,
    journal,
  };
  const current = await currentIn({ folder, model, history });
  await pruneSpare(context);
  const notices = noticesOf({ damage: [], history, current, unexplained });
  const { newId = randomId } = options;
  return new Learning({ context, notices, current: loaded(current), newId });
}

function scopeOf({ project, model, tokenizer }: ViewOptions): Scope {
  return { project: project.id, model: model.info.hash, vocabulary: tokenizer.hash };
}

function currentIn(place: {
  readonly folder: string;
  readonly model: Model;
  readonly history: History;
}): Promise<Usable> {
  return newestUsable({ ...place, index: place.history.lineage.length });
}
