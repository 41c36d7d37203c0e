/**
 * The current adapter made again from checkpoint and journal: all of it where files were lost, or without one
 * correction where that is undone. From the nearest version that still loads, the later corrections are trained
 * again in their order, each by the recipe and seed that the journal has for it. Nothing moves until the caller
 * journals the result.
 */

import type { Applied } from "../journal/records.js";
import { newestUsable } from "./adapterFiles.js";
import { folderOf, type LearningContext, type LoadedAdapter, loaded, type RunOptions } from "./context.js";
import { appliedBy } from "./history.js";
import { trainAndPublish } from "./publish.js";
import { chooseRecipe } from "./recipe.js";

export interface Rederived {
  readonly current: LoadedAdapter;
  /** How many corrections of the old lineage stand as they were. */
  readonly kept: number;
  /** What was trained again after them, with other bits or versions than before. */
  readonly retrained: readonly Applied[];
  /** Corrections of the old lineage that could not be learned again. */
  readonly lost: readonly string[];
}

/** `without`: id of a correction in the lineage. Throws as `trainAndPublish` does. */
export async function rederive(
  context: LearningContext,
  options: RunOptions & { readonly without?: string },
): Promise<Rederived> {
  const { history, model } = context;
  const { lineage } = history;
  const dropped = lineage.findIndex((applied) => applied.correctionId === options.without);
  const index = dropped < 0 ? lineage.length : dropped;
  const start = await newestUsable({ model, folder: folderOf(context), history, index });
  const todo = lineage.slice(start.index).filter((applied) => applied.correctionId !== options.without);

  let current = loaded(start);
  let kept = start.index;
  const retrained: Applied[] = [];
  const lost: string[] = [];
  for (const [at, applied] of todo.entries()) {
    const correction = history.corrections.get(applied.correctionId);
    if (!correction) {
      lost.push(applied.correctionId);
      continue;
    }
    const { recipe } = history.trainings.get(correction.id) ?? {};
    const isUnbroken = retrained.length === 0 && lost.length === 0 && kept < index;
    const published = await trainAndPublish(
      context,
      {
        correction,
        recipe: recipe ?? chooseRecipe({ info: model.info, settings: context.settings, correction }),
        from: current,
        lineage: [...lineage.slice(0, kept), ...retrained],
        purpose: "again",
        index: at + 1,
        count: todo.length,
        expected: isUnbroken ? applied : undefined,
      },
      options,
    );
    current = published.current;
    if (published.isRebuilt) kept++;
    else if (published.trained.outcome === "learned") retrained.push(appliedBy(published.trained));
    else lost.push(correction.id);
  }
  return { current, kept, retrained, lost };
}
