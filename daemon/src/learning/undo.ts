/**
 * Un-learning one correction, and repairing a lineage whose files were lost. Both end in a single record: before it
 * is durable nothing has happened, after it all has. Undoing the newest correction is a step back to the version
 * before it, the same file and so the same bits; for an older one the later ones are trained again without it.
 */

import { AppError } from "../base/errors.js";
import { headingOf, type LearningContext, type LoadedAdapter, type RunOptions, record } from "./context.js";
import { statusOf } from "./history.js";
import { type Rederived, rederive } from "./rederive.js";

export interface Undone extends Pick<Rederived, "current" | "lost"> {
  readonly correctionId: string;
  /** How many later corrections were trained again. */
  readonly retrained: number;
}

/** Default: the newest correction that the adapter holds. Throws `nothing-to-undo`, `correction-unknown`, `correction-undone`. */
export async function undoCorrection(
  context: LearningContext,
  options: RunOptions & { readonly correctionId?: string; readonly current: LoadedAdapter },
): Promise<Undone> {
  const { history } = context;
  const correctionId = options.correctionId ?? history.lineage.at(-1)?.correctionId;
  if (correctionId === undefined) {
    throw new AppError("nothing-to-undo", `nothing has been learned in ${context.project.name}`);
  }
  if (!history.corrections.has(correctionId)) {
    throw new AppError(
      "correction-unknown",
      `no correction of ${context.project.name} has the id ${correctionId}`,
    );
  }
  const status = statusOf(history, correctionId);
  if (status === "undone") throw new AppError("correction-undone", `${correctionId} was undone before`);

  const rederived: Rederived =
    status === "learned"
      ? await rederive(context, { ...options, without: correctionId })
      : { current: options.current, kept: history.lineage.length, retrained: [], lost: [] };
  await record(context, {
    ...headingOf(context),
    kind: "undone",
    correctionId,
    kept: rederived.kept,
    reapplied: [...rederived.retrained],
    adapterTo: status === "learned" ? rederived.current.version : history.version,
  });
  const { current, lost, retrained } = rederived;
  return { correctionId, current, lost, retrained: retrained.length + lost.length };
}

/**
 * Makes the files of the current lineage again, and returns the adapter to use. A record is written only where the
 * result has other bits.
 */
export async function repairLineage(context: LearningContext, run: RunOptions): Promise<LoadedAdapter> {
  const { current, kept, retrained, lost } = await rederive(context, run);
  if (retrained.length > 0 || lost.length > 0) {
    await record(context, {
      ...headingOf(context),
      kind: "restored",
      kept,
      reapplied: [...retrained],
      adapterTo: current.version,
    });
  }
  return current;
}
