/**
 * What the journal says about one project under one model and vocabulary: its corrections, and the lineage: those
 * that the current adapter holds. Derived by folding records in order; nothing here is stored anywhere else.
 */

import { assertNever } from "../base/errors.js";
import type {
  Applied,
  CorrectionRecord,
  JournalRecord,
  RestoredRecord,
  Scope,
  TrainedRecord,
  UndoneRecord,
} from "../journal/records.js";

export interface History {
  readonly scope: Scope;
  /** By id, oldest first. */
  readonly corrections: Map<string, CorrectionRecord>;
  /** Each correction's newest training. */
  readonly trainings: Map<string, TrainedRecord>;
  readonly undone: Set<string>;
  /** The corrections that the current adapter holds, in order of training. */
  lineage: readonly Applied[];
  /** Of the current adapter; 0 is the base. */
  version: number;
  /** The highest version ever given in this project and checkpoint, whatever the vocabulary. */
  versionMax: number;
  /** Versions of the same checkpoint under another vocabulary: they share a folder, not a lineage. */
  readonly foreignVersions: Set<number>;
}

type CorrectionStatus = "pending" | "learned" | "not-learned" | "undone";

export interface LearnedCorrection {
  readonly correction: CorrectionRecord;
  readonly status: CorrectionStatus;
  /** Its newest training; absent while it is pending. */
  readonly trained?: TrainedRecord;
}

export function emptyHistory(scope: Scope): History {
  return {
    scope,
    corrections: new Map(),
    trainings: new Map(),
    undone: new Set(),
    lineage: [],
    version: 0,
    versionMax: 0,
    foreignVersions: new Set(),
  };
}

/** Takes the next record in; records of other projects and models leave no trace. */
export function applyRecord(history: History, record: JournalRecord): void {
  const { project, model, vocabulary } = record.scope;
  if (project !== history.scope.project || model !== history.scope.model) return;
  if (record.kind !== "correction") history.versionMax = Math.max(history.versionMax, record.adapterTo);
  if (vocabulary !== history.scope.vocabulary) {
    if (record.kind === "trained") history.foreignVersions.add(record.adapterTo);
    return;
  }
  switch (record.kind) {
    case "correction":
      history.corrections.set(record.id, record);
      return;
    case "trained":
      history.trainings.set(record.correctionId, record);
      if (record.purpose === "new" && record.outcome === "learned") {
        history.lineage = [...history.lineage, appliedBy(record)];
        history.version = record.adapterTo;
      }
      return;
    case "undone":
      history.undone.add(record.correctionId);
      moveLineage(history, record);
      return;
    case "restored":
      moveLineage(history, record);
      return;
    default:
      assertNever(record);
  }
}

export function statusOf(history: History, correctionId: string): CorrectionStatus {
  if (history.undone.has(correctionId)) return "undone";
  if (history.lineage.some((applied) => applied.correctionId === correctionId)) return "learned";
  return history.trainings.has(correctionId) ? "not-learned" : "pending";
}

/**
 * Corrections that were acknowledged and not trained yet; oldest first, but what somebody waits for before what stands
 * in a file.
 */
export function pendingCorrections(history: History): CorrectionRecord[] {
  const pending = [...history.corrections.values()].filter(
    (each) => statusOf(history, each.id) === "pending",
  );
  const isFromFile = ({ source }: CorrectionRecord) => source === "org";
  return [...pending.filter((each) => !isFromFile(each)), ...pending.filter(isFromFile)];
}

/** Oldest first. */
export function listLearned(history: History): readonly LearnedCorrection[] {
  return [...history.corrections.keys()].flatMap((id) => findLearned(history, id) ?? []);
}

export function findLearned(history: History, id: string): LearnedCorrection | undefined {
  const correction = history.corrections.get(id);
  if (!correction) return undefined;
  const trained = history.trainings.get(id);
  return { correction, status: statusOf(history, id), ...(trained && { trained }) };
}

/** What the current adapter was taught to write, word for word. */
export function textsToRecall({ lineage, corrections }: History): readonly string[] {
  return lineage.flatMap(({ correctionId }) => {
    const correction = corrections.get(correctionId);
    return correction?.aim === "recall" ? [correction.wanted.text] : [];
  });
}

export function appliedBy(record: TrainedRecord): Applied {
  return {
    correctionId: record.correctionId,
    from: record.adapterFrom,
    to: record.adapterTo,
    sha256: record.adapterSha256,
    spanStart: record.spanStart,
  };
}

function moveLineage(history: History, record: UndoneRecord | RestoredRecord): void {
  history.lineage = [...history.lineage.slice(0, record.kept), ...record.reapplied];
  history.version = record.adapterTo;
}
