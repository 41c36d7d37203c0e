/**
 * Learning from corrections in one project with one model: the face of this folder.
 *
 * The order of a correction, on which every promise rests: it is journaled (acknowledged) → trained → the adapter
 * saved, loaded back and proven → journaled as trained → current. Killed at any point, the next `openLearning`
 * finds the correction pending or learned, never half.
 */

import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { DataHome } from "../base/dataHome.js";
import { AppError } from "../base/errors.js";
import { createTurnstile } from "../base/serialQueue.js";
import type { Engine, Model, Tokenizer } from "../engine/engine.js";
import { type Journal, openJournal } from "../journal/journal.js";
import {
  type CorrectionRecord,
  type JournalRecord,
  RECORD_VERSION,
  type Scope,
  type TrainedRecord,
} from "../journal/records.js";
import { type Damage, readJournal } from "../journal/segments.js";
import { checkLesson } from "../lessons/checkLesson.js";
import { followingOf, type Lesson, type Passage } from "../lessons/lesson.js";
import { adapterFolder } from "../store/adapters.js";
import type { Project } from "../store/project.js";
import { newestStored, newestUsable, pruneSpare, type Usable } from "./adapterFiles.js";
import type { Anchors } from "./anchors.js";
import { createBaseReader } from "./baseCache.js";
import {
  type CorrectOptions,
  type LearningContext,
  type LoadedAdapter,
  loaded,
  type RunOptions,
} from "./context.js";
import {
  applyRecord,
  type CorrectionStatus,
  emptyHistory,
  type History,
  pendingCorrections,
  statusOf,
} from "./history.js";
import { Interrupted } from "./interrupted.js";
import { createLearner, type Learner } from "./learner.js";
import type { Notice } from "./notices.js";
import type { LearningSettings } from "./recipe.js";
import type { Undone } from "./undo.js";

export interface ViewOptions {
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

export interface LearnedCorrection {
  readonly correction: CorrectionRecord;
  readonly status: CorrectionStatus;
  /** Its newest training; absent while it is pending. */
  readonly trained?: TrainedRecord;
}

/** What was learned, as far as it can be told without a model. */
export interface LearnedList {
  /** What was found wrong. */
  readonly notices: readonly Notice[];
  /** The project's corrections under this model and vocabulary, oldest first. */
  learned(): readonly LearnedCorrection[];
  readonly adapterVersion: number;
}

/** What anyone may see, without the right to write. */
export interface LearningView extends LearnedList {
  /** The adapter to complete with; the next call may name a newer one. */
  currentAdapter(): LoadedAdapter;
}

/** Cancelled after it had been journaled: it is kept, and the next `correct`, `learnNext` or `recover` learns it first. */
export type CorrectOutcome =
  | { readonly kind: "cancelled"; readonly correctionId: string }
  | {
      readonly kind: TrainedRecord["outcome"];
      readonly correctionId: string;
      readonly trained: TrainedRecord;
      /** In use from now on; unchanged unless `kind` is `learned`. */
      readonly current: LoadedAdapter;
    };

/** `idle`: nothing is pending. */
export type LearnOutcome = { readonly kind: "idle" } | CorrectOutcome;

export type UndoOutcome = { readonly kind: "cancelled" } | ({ readonly kind: "undone" } & Undone);

export type RecoverOutcome =
  | { readonly kind: "cancelled" }
  | {
      readonly kind: "recovered";
      /** Corrections trained again because adapter files had been lost, with other bits than before. */
      readonly retrained: number;
      readonly lost: readonly string[];
      /** The outcomes of the corrections that were pending. */
      readonly trained: readonly TrainedRecord[];
    };

/** Operations run one at a time in order of their calls; only `keep` does not wait for the others. */
export interface Learning extends LearningView {
  /** Makes it durable at once that this is to be learned, and returns its id. Throws as `correct` does. */
  keep(lesson: Lesson): Promise<string>;
  find(correctionId: string): LearnedCorrection | undefined;
  /** Corrections that are kept and not trained yet. */
  pendingCount(): number;
  /** Corrections that the current adapter holds. */
  learnedCount(): number;
  /** Makes lost adapter files again, then learns the pending correction that comes first. */
  learnNext(run?: RunOptions): Promise<LearnOutcome>;
  /** Keeps and learns, after what is pending. Throws `correction-*`, `project-full`, `journal-*`, `adapter-write`, `learning-*`, or an EngineError. */
  correct(lesson: Lesson, run?: CorrectOptions): Promise<CorrectOutcome>;
  /** Cancelled, it has not happened. */
  undo(request: { readonly correctionId?: string }, run?: RunOptions): Promise<UndoOutcome>;
  /** Makes lost adapter files again and learns what is pending. */
  recover(run?: RunOptions): Promise<RecoverOutcome>;
  /** Waits for running operations; gives the journal back, unless it is shared. Idempotent. */
  close(): Promise<void>;
}

/** Bounds replaying a whole line, and the line in one journal record. */
const LINE_MAX = 5000;
/** Without letters and digits that are easily mistaken for one another. */
const ID_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const ID_LENGTH = 10;

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
    learned: () => listCorrections(history),
    adapterVersion: current.version,
  };
}

/** The journal of a data home, for writing. Throws `journal-busy` while another process has it open, `journal-*`. */
export function openJournalOf(home: DataHome, onRecord: (entry: JournalRecord) => void): Promise<Journal> {
  return openJournal({ folder: home.journal, lockFolder: join(home.runtime, "learning.lock"), onRecord });
}

/** Opens one project for learning, alone with the journal. Throws `journal-busy`, `journal-*`. */
export async function openLearning(options: LearningOptions): Promise<Learning> {
  const history = emptyHistory(scopeOf(options));
  const journal = await openJournalOf(options.home, (entry) => applyRecord(history, entry));
  try {
    const { damage } = journal;
    return await begin({ options, history, journal, damage, release: () => journal.close() });
  } catch (error) {
    await journal.close();
    throw error;
  }
}

/**
 * Opens one project for learning beside others that write to the same journal. Its owner closes the journal after
 * the last of them, and knows what was damaged.
 */
export async function joinLearning(options: LearningOptions, journal: Journal): Promise<Learning> {
  const history = emptyHistory(scopeOf(options));
  await readJournal({ folder: options.home.journal, onRecord: (entry) => applyRecord(history, entry) });
  return begin({ options, history, journal, damage: [], release: async () => {} });
}

async function begin(opened: {
  readonly options: LearningOptions;
  readonly history: History;
  readonly journal: Journal;
  readonly damage: readonly Damage[];
  readonly release: () => Promise<void>;
}): Promise<Learning> {
  const { options, history, journal, damage, release } = opened;
  const { home, model } = options;
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
  const notices = noticesOf({ damage, history, current });
  const learner = createLearner(context, loaded(current));
  return learningOf({ context, notices, learner, newId: options.newId ?? randomId, release });
}

function learningOf(opened: {
  readonly context: LearningContext;
  readonly notices: readonly Notice[];
  readonly learner: Learner;
  readonly newId: () => string;
  readonly release: () => Promise<void>;
}): Learning {
  const { context, notices, learner } = opened;
  const { history } = context;
  const turnstile = createTurnstile();
  const keep = async (lesson: Lesson) => {
    const correction = checked({ context, lesson, id: lesson.id ?? unusedId(history, opened.newId) });
    await learner.keep(correction);
    return correction.id;
  };
  const learnNext = async (run: RunOptions): Promise<LearnOutcome> => {
    const correctionId = pendingCorrections(history)[0]?.id;
    const cancelled: LearnOutcome = correctionId ? { kind: "cancelled", correctionId } : { kind: "idle" };
    return unlessInterrupted(cancelled, async () => {
      const trained = await learner.learnNext(run);
      if (!trained) return { kind: "idle" };
      return {
        kind: trained.outcome,
        correctionId: trained.correctionId,
        trained,
        current: learner.current(),
      };
    });
  };
  return {
    get notices() {
      return noticesNow(notices, history, learner.current());
    },
    learned: () => listCorrections(history),
    currentAdapter: () => learner.current(),
    get adapterVersion() {
      return learner.current().version;
    },
    find: (id) => findLearned(history, id),
    pendingCount: () => pendingCorrections(history).length,
    learnedCount: () => history.lineage.length,
    async keep(lesson) {
      turnstile.mustBeOpen();
      return keep(lesson);
    },
    learnNext: (run = {}) => turnstile.pass(() => learnNext(run)),
    correct: (lesson, run = {}) =>
      turnstile.pass(async () => {
        const correctionId = await keep(lesson);
        run.onKept?.(correctionId);
        for (;;) {
          const outcome = await learnNext(run);
          if (outcome.kind === "idle") throw new TypeError("a kept correction was not pending");
          if (outcome.kind === "cancelled") return { kind: "cancelled", correctionId };
          if (outcome.correctionId === correctionId) return outcome;
        }
      }),
    undo: (request, run = {}) =>
      turnstile.pass(() =>
        unlessInterrupted({ kind: "cancelled" }, async () => ({
          kind: "undone",
          ...(await learner.undo(request, run)),
        })),
      ),
    recover: (run = {}) =>
      turnstile.pass(() =>
        unlessInterrupted({ kind: "cancelled" }, async () => {
          const { retrained, lost } = await learner.repair(run);
          return { kind: "recovered", retrained, lost, trained: await learner.learnPending(run) };
        }),
      ),
    async close() {
      await turnstile.close();
      await opened.release();
    },
  };
}

function checked(options: {
  readonly context: LearningContext;
  readonly lesson: Lesson;
  readonly id: string;
}): CorrectionRecord {
  const { context, lesson, id } = options;
  const { history, project, model } = context;
  if (history.lineage.length + pendingCorrections(history).length >= LINE_MAX) {
    throw new AppError("project-full", `${project.name} holds ${LINE_MAX} corrections; undo some first`);
  }
  checkLesson(lesson, model.info);
  return {
    kind: "correction",
    v: RECORD_VERSION,
    at: context.clock().toISOString(),
    scope: history.scope,
    id,
    projectName: project.name,
    source: lesson.source,
    aim: lesson.aim ?? "recall",
    prompt: toPassage(lesson.prompt),
    boundary: lesson.boundary,
    rejected: toPassage(lesson.rejected),
    wanted: toPassage(lesson.wanted),
    end: lesson.end ?? null,
    following: Array.from(followingOf(lesson)),
  };
}

function toPassage({ text, tokens }: Passage): CorrectionRecord["prompt"] {
  return { text, tokens: Array.from(tokens) };
}

async function unlessInterrupted<T, C>(cancelled: C, operation: () => Promise<T>): Promise<T | C> {
  try {
    return await operation();
  } catch (error) {
    if (error instanceof Interrupted) return cancelled;
    throw error;
  }
}

function scopeOf({ project, model, tokenizer }: ViewOptions): Scope {
  return { project: project.id, model: model.info.hash, vocabulary: tokenizer.hash };
}

function currentOf({ home, model, project }: ViewOptions, history: History): Promise<Usable> {
  const folder = adapterFolder(home, { checkpoint: model.info.hash, project: project.id });
  return newestUsable({ model, folder, history, index: history.lineage.length });
}

function listCorrections(history: History): LearnedCorrection[] {
  return [...history.corrections.keys()].flatMap((id) => findLearned(history, id) ?? []);
}

function findLearned(history: History, id: string): LearnedCorrection | undefined {
  const correction = history.corrections.get(id);
  if (!correction) return undefined;
  const trained = history.trainings.get(id);
  return { correction, status: statusOf(history, id), ...(trained && { trained }) };
}

function noticesOf(found: Seen): Notice[] {
  const { damage, history, current } = found;
  const notices: Notice[] = damage.map((each) => ({ kind: "journal", damage: each }));
  if (current.version !== history.version) {
    const corrections = history.lineage.slice(current.index).map((applied) => applied.correctionId);
    notices.push({ kind: "adapter", version: history.version, used: current.version, corrections });
  }
  return [...notices, ...pendingNotice(history)];
}

function pendingNotice(history: History): Notice[] {
  const corrections = pendingCorrections(history).map((correction) => correction.id);
  return corrections.length > 0 ? [{ kind: "pending", corrections }] : [];
}

/** Of what was found on opening, what is still so: adapters are made again, and corrections are learned. */
function noticesNow(found: readonly Notice[], history: History, current: LoadedAdapter): Notice[] {
  const isLasting = (notice: Notice) =>
    notice.kind === "journal" ||
    (notice.kind === "adapter" && notice.version === history.version && notice.used === current.version);
  return [...found.filter(isLasting), ...pendingNotice(history)];
}

function unusedId(history: History, newId: () => string): string {
  let id = newId();
  // 50 random bits: a second round is never seen in practice.
  while (history.corrections.has(id)) id = newId();
  return id;
}

function randomId(): string {
  return Array.from(randomBytes(ID_LENGTH), (byte) => ID_ALPHABET[byte % ID_ALPHABET.length]).join("");
}
