/**
 * Learns one new correction. What was last taught and is contradicted by it, at the same place, is taken out first: it is
 * trained from the version before that, so that thirty contradicting corrections weigh no more than one. The record of the
 * training makes it count; a second one says to older readers what it took the place of.
 */

import type { Applied, CorrectionRecord, TrainedRecord } from "../journal/records.js";
import { headingOf, type LearningContext, type LoadedAdapter, type RunOptions, record } from "./context.js";
import { appliedBy, lineageBefore } from "./lineage.js";
import { trainAndPublish } from "./publish.js";
import { chooseRecipe } from "./recipe.js";
import { type Rederived, rederive, startOf } from "./rederive.js";

/**
 * Where files of the version before are gone, so many corrections at most are trained again for it: as many as lie
 * between two snapshots (`store/adapters.ts`). Beyond that the new one is trained on top of what it contradicts.
 */
const REMADE_MAX = 16;

/** What was learned, and the adapter from now on. `current`: the one that holds the lineage. Throws as `trainAndPublish`. */
export async function learnCorrection(
  context: LearningContext,
  learning: {
    readonly correction: CorrectionRecord;
    readonly current: LoadedAdapter;
    readonly index: number;
    readonly count: number;
  },
  run: RunOptions,
): Promise<{ readonly trained: TrainedRecord; readonly current: LoadedAdapter }> {
  const { history } = context;
  const { correction, current, ...place } = learning;
  const room = await takeOut(context, correction, run);
  const lineage = room ? [...history.lineage.slice(0, room.kept), ...room.reapplied] : history.lineage;
  const published = await trainAndPublish(
    context,
    {
      ...place,
      correction,
      recipe: recipeFor(context, lineage, correction),
      from: room?.current ?? current,
      lineage,
      purpose: "new",
      expected: undefined,
    },
    run,
  );
  const { trained } = published;
  if (trained.outcome !== "learned") return { trained, current };
  if (room) {
    await record(context, {
      ...headingOf(context),
      kind: "restored",
      kept: room.kept,
      reapplied: [...room.reapplied, appliedBy(trained)],
      adapterTo: trained.adapterTo,
    });
  }
  return { trained, current: published.current };
}

/** The adapter without what `correction` contradicts at the end of the lineage. Undefined: nothing is taken out. */
async function takeOut(
  context: LearningContext,
  correction: CorrectionRecord,
  run: RunOptions,
): Promise<Rederived | undefined> {
  const { history } = context;
  const line = lineageBefore(history, history.lineage, correction);
  if (line.length === history.lineage.length) return undefined;
  const start = await startOf(context, line);
  if (line.length - start.index > REMADE_MAX) return undefined;
  const room = await rederive(context, { ...run, line, start });
  return room.lost.length > 0 ? undefined : room;
}

/** The adapter's parameters keep one shape for the whole lineage; all else is as settings and the source say. */
function recipeFor(
  { history, model, settings }: LearningContext,
  lineage: readonly Applied[],
  correction: CorrectionRecord,
) {
  const last = lineage.at(-1);
  const inherited = last && history.trainings.get(last.correctionId)?.recipe.parameters;
  return chooseRecipe({ info: model.info, settings, correction, ...(inherited && { inherited }) });
}
