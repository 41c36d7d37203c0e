/**
 * What the journal says about one project under one model and vocabulary: its corrections, and the lineage: those
 * that the current adapter holds. Derived by folding records in order; nothing here is stored anywhere else.
 */

import { createHash } from "node:crypto";
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
import { appliedBy, lineageBefore } from "./lineage.js";

export interface History {
  readonly scope: Scope;
  /** By id, oldest first. */
  readonly corrections: Map<string, CorrectionRecord>;
  /** Each correction's newest training. */
  readonly trainings: Map<string, TrainedRecord>;
  readonly undone: Set<string>;
  /** Of each correction that is to be recalled: where. */
  readonly placeOf: Map<string, string>;
  /** The corrections of each place, oldest first. */
  readonly places: Map<string, string[]>;
  /** Everything was taken back, oldest first; each can be taken back itself, the newest first. */
  readonly resets: Reset[];
  /** The corrections that the current adapter holds, in order of training. */
  lineage: readonly Applied[];
  /** Of the current adapter; 0 is the base. */
  version: number;
  /** The highest version ever given in this project and checkpoint, whatever the vocabulary. */
  versionMax: number;
  /** Versions of the same checkpoint under another vocabulary: they share a folder, not a lineage. */
  readonly foreignVersions: Set<number>;
}

/** What a reset took back. */
interface Reset {
  readonly lineage: readonly Applied[];
  readonly version: number;
  /** Every correction that had not been undone before, learned or not. */
  readonly taken: readonly string[];
}

/** `superseded`: a later correction of the same place holds in its stead, as long as that one is not undone. */
type CorrectionStatus = "pending" | "learned" | "not-learned" | "superseded" | "undone";

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
    resets: [],
    placeOf: new Map(),
    places: new Map(),
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
      addCorrection(history, record);
      return;
    case "trained":
      history.trainings.set(record.correctionId, record);
      if (record.purpose === "new" && record.outcome === "learned") {
        history.lineage = [...lineageTrainedFrom(history, record), appliedBy(record)];
        history.version = record.adapterTo;
      }
      return;
    case "undone":
      history.undone.add(record.correctionId);
      moveLineage(history, record);
      return;
    case "restored":
      if (isTakingBackReset(history)) giveBack(history);
      else if (isReset(history, record)) takeAll(history);
      moveLineage(history, record);
      return;
    default:
      assertNever(record);
  }
}

export function statusOf(history: History, correctionId: string): CorrectionStatus {
  if (history.undone.has(correctionId)) return "undone";
  if (supersederOf(history, correctionId) !== undefined) return "superseded";
  if (history.lineage.some((applied) => applied.correctionId === correctionId)) return "learned";
  return history.trainings.has(correctionId) ? "not-learned" : "pending";
}

/** The newest later correction of the same place, unless that was undone or could not be learned. */
function supersederOf(history: History, correctionId: string): string | undefined {
  const line = placeLine(history, correctionId);
  return line.slice(line.indexOf(correctionId) + 1).findLast((later) => isHolding(history, later));
}

/** The earlier correction of the same place, if any held until this one came. */
export function replacedBy(history: History, correctionId: string): string | undefined {
  const line = placeLine(history, correctionId);
  return line.slice(0, line.indexOf(correctionId)).findLast((earlier) => isHolding(history, earlier));
}

function placeLine({ placeOf, places }: History, correctionId: string): readonly string[] {
  return places.get(placeOf.get(correctionId) ?? "") ?? [correctionId];
}

/** Learned, or still to be. */
function isHolding({ undone, trainings }: History, correctionId: string): boolean {
  return !undone.has(correctionId) && (trainings.get(correctionId)?.outcome ?? "learned") === "learned";
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
export function textsToRecall(history: History): readonly string[] {
  return history.lineage.flatMap(({ correctionId }) => {
    const correction = history.corrections.get(correctionId);
    const isAsked = correction?.aim === "recall" && supersederOf(history, correctionId) === undefined;
    return isAsked ? [correction.wanted.text] : [];
  });
}

/** Nothing is left; and not because none of it could be learned again when files were lost. */
function isReset({ lineage, trainings }: History, { kept, reapplied }: RestoredRecord): boolean {
  if (kept > 0 || reapplied.length > 0) return false;
  const isLost = ({ correctionId }: Applied) => trainings.get(correctionId)?.outcome !== "learned";
  return lineage.length === 0 || !lineage.every(isLost);
}

/** After a reset nothing has been taught, or all of it undone: then only the reset itself can be what moves. */
function isTakingBackReset(history: History): boolean {
  return history.resets.length > 0 && isUntaught(history);
}

export function isUntaught(history: History): boolean {
  return history.lineage.length === 0 && pendingCorrections(history).length === 0;
}

function takeAll({ lineage, version, corrections, undone, resets }: History): void {
  const taken = [...corrections.keys()].filter((id) => !undone.has(id));
  resets.push({ lineage, version, taken });
  for (const id of taken) undone.add(id);
}

function giveBack({ undone, resets }: History): void {
  for (const id of resets.pop()?.taken ?? []) undone.delete(id);
}

/** Where it was not trained from the current version, it was from the one before what it contradicts. */
function lineageTrainedFrom(
  history: History,
  { correctionId, adapterFrom }: TrainedRecord,
): readonly Applied[] {
  const { lineage, version, corrections } = history;
  const correction = corrections.get(correctionId);
  if (adapterFrom === version || !correction) return lineage;
  const line = lineageBefore(history, lineage, correction);
  return adapterFrom === (line.at(-1)?.to ?? 0) ? line : lineage;
}

function addCorrection({ corrections, placeOf, places }: History, correction: CorrectionRecord): void {
  const { id, aim } = correction;
  if (aim === "recall" && !corrections.has(id)) {
    const place = digestOfPlace(correction);
    placeOf.set(id, place);
    places.set(place, [...(places.get(place) ?? []), id]);
  }
  corrections.set(id, correction);
}

/** What is read before the cursor decides; two words begun after the same text are two places. */
function digestOfPlace({ prompt, shown }: CorrectionRecord): string {
  const begun = shown?.as === "completion" ? shown.healedPrefix : "";
  return createHash("sha256")
    .update(JSON.stringify([prompt.tokens, begun]))
    .digest("base64");
}

function moveLineage(history: History, record: UndoneRecord | RestoredRecord): void {
  history.lineage = [...history.lineage.slice(0, record.kept), ...record.reapplied];
  history.version = record.adapterTo;
}
