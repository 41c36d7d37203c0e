/**
 * An adapter made again from checkpoint and journal: that of the current lineage where files were lost, or of another
 * lineage, as undoing and superseding leave it. From the nearest version that still loads, the later corrections are
 * trained again in their order, each by the recipe and seed that the journal has for it. Nothing moves until the caller
 * journals the result.
 */

import type { Applied } from "../journal/records.js";
import { findStored, newestUsable, type Usable } from "./adapterFiles.js";
import { folderOf, type LearningContext, type LoadedAdapter, loaded, type RunOptions } from "./context.js";
import type { History } from "./history.js";
import { appliedBy } from "./lineage.js";
import { trainAndPublish } from "./publish.js";
import { chooseRecipe } from "./recipe.js";

export interface Rederived {
  readonly current: LoadedAdapter;
  /** How many corrections of the current lineage stand as they were. */
  readonly kept: number;
  /** What comes after them. */
  readonly reapplied: readonly Applied[];
  /** Corrections that could not be learned again. */
  readonly lost: readonly string[];
}

/** Where making `line` begins: the newest adapter of what it shares with the current lineage. */
export function startOf(
  { model, history, ...context }: LearningContext,
  line: readonly Applied[],
): Promise<Usable> {
  const index = sharedLength(history, line);
  return newestUsable({ model, folder: folderOf({ model, ...context }), history, index });
}

/** `line`: the lineage to be made. Throws as `trainAndPublish` does. */
export async function rederive(
  context: LearningContext,
  options: RunOptions & { readonly line: readonly Applied[]; readonly start: Usable },
): Promise<Rederived> {
  const { history, model } = context;
  const { line, start } = options;
  const shared = sharedLength(history, line);
  const todo = line.slice(start.index);

  let current = loaded(start);
  let kept = start.index;
  const reapplied: Applied[] = [];
  const lost: string[] = [];
  for (const [at, applied] of todo.entries()) {
    const correction = history.corrections.get(applied.correctionId);
    if (!correction) {
      lost.push(applied.correctionId);
      continue;
    }
    const before = [...history.lineage.slice(0, kept), ...reapplied];
    const isKept = reapplied.length === 0 && lost.length === 0 && kept < shared;
    const stored = isKept ? undefined : await storedAfter(context, { before, current, applied });
    if (stored) {
      current = stored;
      reapplied.push(applied);
      continue;
    }
    const { recipe } = history.trainings.get(correction.id) ?? {};
    const published = await trainAndPublish(
      context,
      {
        correction,
        recipe: recipe ?? chooseRecipe({ info: model.info, settings: context.settings, correction }),
        from: current,
        lineage: before,
        purpose: "again",
        index: at + 1,
        count: todo.length,
        expected: isKept || !history.lineage.includes(applied) ? applied : undefined,
      },
      options,
    );
    current = published.current;
    if (published.trained.outcome !== "learned") lost.push(correction.id);
    else if (isKept && published.isRebuilt) kept++;
    else reapplied.push(published.isRebuilt ? applied : appliedBy(published.trained));
  }
  return { current, kept, reapplied, lost };
}

/** The file that training `applied` after exactly the same corrections gave, where it is still there. */
async function storedAfter(
  context: LearningContext,
  line: { readonly before: readonly Applied[]; readonly current: LoadedAdapter; readonly applied: Applied },
): Promise<LoadedAdapter | undefined> {
  const { before, current, applied } = line;
  if (applied.from !== current.version || applied.to === applied.from) return undefined;
  return findStored(
    context,
    applied,
    [...before, applied].map(({ correctionId }) => correctionId),
  );
}

function sharedLength({ lineage }: History, line: readonly Applied[]): number {
  const differs = line.findIndex((applied, at) => applied !== lineage[at]);
  return differs < 0 ? line.length : differs;
}
