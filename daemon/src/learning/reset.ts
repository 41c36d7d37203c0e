/**
 * Takes back everything that a project has taught, and takes that back itself. Each is one record: before it is durable
 * nothing has happened, after it all has. A reset leaves the base, bit for bit; what it took back keeps its files until
 * something is learned again, and can be trained again from the journal after that.
 */

import { AppError } from "../base/errors.js";
import { newestUsable } from "./adapterFiles.js";
import { folderOf, headingOf, type LearningContext, type LoadedAdapter, loaded, record } from "./context.js";
import { findLearned, type History, isUntaught, type LearnedCorrection, listLearned } from "./history.js";

/** What was taken or given back, oldest first, and the adapter from now on. */
interface Moved {
  readonly corrections: readonly LearnedCorrection[];
  readonly current: LoadedAdapter;
}

/** What a reset would take back now, oldest first. */
export function resettable(history: History): readonly LearnedCorrection[] {
  return listLearned(history).filter(({ status }) => status !== "undone");
}

/** Throws `nothing-to-undo`, `journal-write`. */
export async function reset(context: LearningContext): Promise<Moved> {
  const { history, project } = context;
  const corrections = resettable(history);
  if (isUntaught(history)) {
    throw new AppError("nothing-to-undo", `nothing has been learned in ${project.name}`);
  }
  await record(context, { ...headingOf(context), kind: "restored", kept: 0, reapplied: [], adapterTo: 0 });
  return { corrections, current: { version: 0 } };
}

/**
 * Takes the newest reset back. Where files have gone since, the adapter is an earlier one until its caller repairs the lineage.
 * Throws `nothing-to-undo`, `taught-since`, `journal-write`.
 */
export async function undoReset(context: LearningContext): Promise<Moved> {
  const { history, project, model } = context;
  const last = history.resets.at(-1);
  if (!last) throw new AppError("nothing-to-undo", `the learning of ${project.name} was not reset`);
  if (!isUntaught(history)) {
    throw new AppError(
      "taught-since",
      `${project.name} has been taught since its reset; take that back first, then the reset`,
    );
  }
  const { lineage, version, taken } = last;
  await record(context, {
    ...headingOf(context),
    kind: "restored",
    kept: 0,
    reapplied: [...lineage],
    adapterTo: version,
  });
  const current = await newestUsable({ model, folder: folderOf(context), history, index: lineage.length });
  return { corrections: taken.flatMap((id) => findLearned(history, id) ?? []), current: loaded(current) };
}
