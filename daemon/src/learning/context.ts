/** What every learning operation of one open project works with. Made by `learning.ts`, private to this folder. */

import type { DataHome } from "../base/dataHome.js";
import type { Adapter, Engine, Finished, Model } from "../engine/engine.js";
import type { Journal } from "../journal/journal.js";
import { type CorrectionRecord, type JournalRecord, RECORD_VERSION } from "../journal/records.js";
import { adapterFolder } from "../store/adapters.js";
import type { Project } from "../store/project.js";
import type { Anchors } from "./anchors.js";
import type { BaseReader } from "./baseCache.js";
import { applyRecord, type History } from "./history.js";
import type { LearningSettings } from "./recipe.js";

/**
 * What people are shown where they ask as a correction says, with an adapter or none, if nothing else stands in the way
 * but its text's own faults. Handed in, for it is the very path by which editors and chats are answered.
 */
export type Show = (asked: {
  readonly correction: CorrectionRecord;
  readonly adapter: Adapter | undefined;
  readonly signal: AbortSignal | undefined;
}) => Promise<Finished<{ readonly text: string; readonly tokens: Uint32Array; readonly isEnded: boolean }>>;

export interface LearningContext {
  readonly home: DataHome;
  readonly model: Model;
  readonly modelPath: string | null;
  readonly instructionSet: Engine["instructionSet"];
  readonly precision: Engine["precision"];
  readonly project: Project;
  readonly settings: LearningSettings;
  readonly anchors: Anchors;
  readonly clock: () => Date;
  readonly base: BaseReader;
  readonly show: Show;
  readonly history: History;
  /** Stored versions that hold corrections which the journal does not have, as found on opening. */
  readonly unexplained: readonly number[];
  readonly journal: Journal;
}

/**
 * How far learning one correction has come. `trained`: an adapter exists in memory. `verified`: it is on disk, loaded
 * from there, and was found to do what it should. `published`: the journal says so, and it is in use.
 */
export type LearningPhase = "trained" | "verified" | "published";

export interface RunOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: LearningProgress) => void;
  readonly onPhase?: (phase: LearningPhase, correctionId: string) => void;
}

export interface LearningProgress {
  readonly correctionId: string;
  /** `new`: being learned; `again`: trained again because an earlier one was undone or a file was lost. */
  readonly purpose: "new" | "again";
  /** Which correction this is, from 1, of how many in this operation. */
  readonly index: number;
  readonly count: number;
  readonly step: number;
  readonly stepsMax: number;
  /** Mean nats per token of what is taught. */
  readonly loss: number;
  /** Smallest lead of a taught token before any other, in nats. */
  readonly margin: number;
}

export interface LoadedAdapter {
  readonly version: number;
  /** Absent for version 0, the base. */
  readonly adapter?: Adapter;
}

/** Without what a caller of this folder need not see. */
export function loaded({ version, adapter }: LoadedAdapter): LoadedAdapter {
  return adapter ? { version, adapter } : { version };
}

/** Durable first, then known. */
export async function record(context: LearningContext, entry: JournalRecord): Promise<void> {
  await context.journal.append(entry);
  applyRecord(context.history, entry);
}

export function headingOf(context: LearningContext) {
  return { v: RECORD_VERSION, at: context.clock().toISOString(), scope: context.history.scope } as const;
}

export function folderOf(context: Pick<LearningContext, "home" | "model" | "project">): string {
  return adapterFolder(context.home, { checkpoint: context.model.info.hash, project: context.project.id });
}
