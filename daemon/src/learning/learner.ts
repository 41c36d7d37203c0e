/**
 * The current adapter and what moves it: learning what is pending, undoing, repairing. One operation at a time;
 * `learning.ts` sees to that, and to what callers may ask.
 */

import type { CorrectionRecord, TrainedRecord } from "../journal/records.js";
import { pruneSpare } from "./adapterFiles.js";
import { type LearningContext, type LoadedAdapter, type RunOptions, record } from "./context.js";
import { pendingCorrections } from "./history.js";
import { trainAndPublish } from "./publish.js";
import { chooseRecipe } from "./recipe.js";
import { type Repaired, repairLineage, type Undone, undoCorrection } from "./undo.js";

export interface Learner {
  current(): LoadedAdapter;
  /** Makes it durable that this is to be learned. */
  keep(correction: CorrectionRecord): Promise<void>;
  /** Where adapter files were lost, makes them again; else does nothing. */
  repair(run: RunOptions): Promise<Omit<Repaired, "current">>;
  /** The first pending correction; undefined where there is none. */
  learnNext(run: RunOptions): Promise<TrainedRecord | undefined>;
  /** All of them. */
  learnPending(run: RunOptions): Promise<TrainedRecord[]>;
  undo(request: { readonly correctionId?: string }, run: RunOptions): Promise<Undone>;
}

export function createLearner(context: LearningContext, opened: LoadedAdapter): Learner {
  const { history } = context;
  let current = opened;

  async function learn(
    correction: CorrectionRecord,
    place: { readonly index: number; readonly count: number },
    run: RunOptions,
  ): Promise<TrainedRecord> {
    const planned = { ...toLearn(context, correction), ...place, from: current };
    const published = await trainAndPublish(context, planned, run);
    current = published.current;
    await pruneSpare(context);
    return published.trained;
  }

  const learner: Learner = {
    current: () => current,
    keep: (correction) => record(context, correction),
    async repair(run) {
      if (current.version === history.version) return { retrained: 0, lost: [] };
      const { current: repaired, ...rest } = await repairLineage(context, run);
      current = repaired;
      await pruneSpare(context);
      return rest;
    },
    async learnNext(run) {
      await learner.repair(run);
      const [correction, ...behind] = pendingCorrections(history);
      return correction && learn(correction, { index: 1, count: 1 + behind.length }, run);
    },
    async learnPending(run) {
      await learner.repair(run);
      const pending = pendingCorrections(history);
      const trained: TrainedRecord[] = [];
      for (const [at, correction] of pending.entries()) {
        trained.push(await learn(correction, { index: at + 1, count: pending.length }, run));
      }
      return trained;
    },
    async undo(request, run) {
      const undone = await undoCorrection(context, { ...request, ...run, current });
      current = undone.current;
      await pruneSpare(context);
      return undone;
    },
  };
  return learner;
}

/** The adapter's parameters keep one shape for the whole lineage; all else is as settings and the source say. */
function toLearn(context: LearningContext, correction: CorrectionRecord) {
  const { history, model, settings } = context;
  const last = history.lineage.at(-1);
  const inherited = last && history.trainings.get(last.correctionId)?.recipe.parameters;
  return {
    correction,
    recipe: chooseRecipe({
      info: model.info,
      settings,
      correction,
      ...(inherited && { inherited }),
    }),
    lineage: history.lineage,
    purpose: "new" as const,
    expected: undefined,
  };
}
