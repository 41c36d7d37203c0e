/**
 * Un-learning one correction, and repairing a lineage whose files were lost. Both end in a single record: before it
 * is durable nothing has happened, after it all has. Undoing the newest correction is a step back to the version
 * before it, the same file and so the same bits; for an older one the later ones are trained again without it.
 */

import { AppError } from "../base/errors.js";
import type { Applied } from "../journal/records.js";
import { headingOf, type LearningContext, type LoadedAdapter, type RunOptions, record } from "./context.js";
import { lineageWithout } from "./lineage.js";
import { type Rederived, rederive, startOf } from "./rederive.js";

export interface Undone extends Pick<Rederived, "current" | "lost"> {
  readonly correctionId: string;
  /** How many later corrections were trained again. */
  readonly retrained: number;
  /** Corrections that it had taken the place of, which hold again. */
  readonly restored: readonly string[];
}

/** Default: the newest correction that the adapter holds. Throws `nothing-to-undo`, `correction-unknown`, `correction-undone`. */
export async function undoCorrection(
  context: LearningContext,
  options: RunOptions & { readonly correctionId?: string; readonly current: LoadedAdapter },
): Promise<Undone> {
  const { history } = context;
  const correctionId = options.correctionId ?? history.lineage.at(-1)?.correctionId;
  if (correctionId === undefined) {
    const isReset = history.resets.length > 0;
    throw new AppError(
      "nothing-to-undo",
      `nothing has been learned in ${context.project.name}${isReset ? " since its reset, which can be taken back: `ouro reset --undo`" : ""}`,
    );
  }
  if (!history.corrections.has(correctionId)) {
    throw new AppError(
      "correction-unknown",
      `no correction of ${context.project.name} has the id ${correctionId}`,
    );
  }
  if (history.undone.has(correctionId)) {
    throw new AppError("correction-undone", `${correctionId} was undone before`);
  }
  const isHeld = new Set(history.lineage.map((applied) => applied.correctionId));
  const rederived = isHeld.has(correctionId)
    ? await rederiveAs(context, lineageWithout(history, correctionId), options)
    : { current: options.current, kept: history.lineage.length, reapplied: [], lost: [] };
  const { current, kept, reapplied, lost } = rederived;
  await record(context, {
    ...headingOf(context),
    kind: "undone",
    correctionId,
    kept,
    reapplied: [...reapplied],
    adapterTo: isHeld.has(correctionId) ? current.version : history.version,
  });
  const restored = reapplied.map((applied) => applied.correctionId).filter((id) => !isHeld.has(id));
  const retrained = reapplied.length - restored.length + lost.filter((id) => isHeld.has(id)).length;
  return { correctionId, current, lost, retrained, restored };
}

/**
 * Makes the files of the current lineage again, and returns the adapter to use. A record is written only where the
 * result has other bits.
 */
export async function repairLineage(context: LearningContext, run: RunOptions): Promise<LoadedAdapter> {
  const { current, kept, reapplied, lost } = await rederiveAs(context, context.history.lineage, run);
  if (reapplied.length > 0 || lost.length > 0) {
    await record(context, {
      ...headingOf(context),
      kind: "restored",
      kept,
      reapplied: [...reapplied],
      adapterTo: current.version,
    });
  }
  return current;
}

async function rederiveAs(
  context: LearningContext,
  line: readonly Applied[],
  run: RunOptions,
): Promise<Rederived> {
  return rederive(context, { ...run, line, start: await startOf(context, line) });
}
