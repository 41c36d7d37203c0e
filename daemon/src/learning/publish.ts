/**
 * Trains one correction and makes the result durable, in this order: tensors and manifest on disk, loaded back
 * from there, proven with what was loaded, journaled. Only the journal makes it count: killed before that, the
 * files are spare and the correction is still to be learned.
 */

import { createHash } from "node:crypto";
import type { Adapter } from "../engine/engine.js";
import type { Applied, CorrectionRecord, Recipe, TrainedRecord } from "../journal/records.js";
import { firstDifference } from "../lessons/lesson.js";
import { commitAdapter, stageAdapter, tensorsPath } from "../store/adapters.js";
import { nextVersion } from "./adapterFiles.js";
import { unhurried } from "./baseCache.js";
import {
  folderOf,
  headingOf,
  type LearningContext,
  type LearningProgress,
  type LoadedAdapter,
  type RunOptions,
  record,
} from "./context.js";
import { toExample } from "./example.js";
import { finished, stopIfAborted } from "./interrupted.js";
import { prove } from "./proof.js";
import { fareOf, isAchieved } from "./stoppingCriterion.js";
import { prefixOf, type Trained, trainCorrection } from "./trainCorrection.js";

export interface Assignment {
  readonly correction: CorrectionRecord;
  readonly recipe: Recipe;
  readonly from: LoadedAdapter;
  /** What `from` holds, oldest first. */
  readonly line: readonly Applied[];
  readonly purpose: LearningProgress["purpose"];
  readonly index: number;
  readonly count: number;
  /** What the journal says this very training gave before; the same bits then take their old place. */
  readonly expected: Applied | undefined;
}

export interface Published {
  readonly trained: TrainedRecord;
  readonly current: LoadedAdapter;
  /** The bits are those the journal names: a lost file was made again, and no record was needed. */
  readonly isRemade: boolean;
}

/** Throws `Interrupted`, `adapter-write`, `journal-write`; then nothing counts. */
export async function trainAndPublish(
  context: LearningContext,
  assignment: Assignment,
  run: RunOptions,
): Promise<Published> {
  const started = performance.now();
  const { correction, from, line } = assignment;
  const seed = seedOf(correction);
  const trained = await train({ context, assignment, run, seed });
  run.onPhase?.("trained", correction.id);
  const stored = await store({ context, assignment, trained, run });
  run.onPhase?.("gated", correction.id);
  stopIfAborted(run.signal);
  const entry: TrainedRecord = {
    ...headingOf(context),
    kind: "trained",
    correctionId: correction.id,
    purpose: assignment.purpose,
    outcome: stored.outcome,
    adapterFrom: from.version,
    adapterTo: stored.current.version,
    adapterSha256: stored.sha256 ?? line.at(-1)?.sha256 ?? null,
    seed,
    instructionSet: context.instructionSet,
    precision: context.precision,
    recipe: assignment.recipe,
    anchorsHash: context.anchors.hash,
    steps: trained.steps,
    spanStart: trained.spanStart,
    lossBefore: trained.before.loss,
    lossAfter: stored.after.loss,
    marginAfter: stored.after.margin,
    replayed: [...trained.replayed],
    anchors: [...trained.anchorIds],
    proof: { matches: stored.proof.matches, tokens: [...stored.proof.tokens] },
    durationMs: Math.round(performance.now() - started),
  };
  if (!stored.isRemade) await record(context, entry);
  run.onPhase?.("published", correction.id);
  return { trained: entry, current: stored.current, isRemade: stored.isRemade };
}

/** A pure function of what is learned, so that two homes taught alike hold the same bits. */
function seedOf({ prompt, boundary, rejected, wanted, end, following }: CorrectionRecord): number {
  const content = JSON.stringify([prompt.tokens, boundary, rejected.tokens, wanted.tokens, end, following]);
  return createHash("sha256").update(content).digest().readUInt32LE(0);
}

function train(options: {
  readonly context: LearningContext;
  readonly assignment: Assignment;
  readonly run: RunOptions;
  readonly seed: number;
}): Promise<Trained> {
  const { context, assignment, run, seed } = options;
  const { correction, purpose, index, count } = assignment;
  return trainCorrection({
    model: context.model,
    base: context.base,
    anchors: context.anchors.windows,
    from: assignment.from.adapter,
    correction,
    earlier: assignment.line.flatMap(({ correctionId, spanStart }) => {
      const earlier = context.history.corrections.get(correctionId);
      return earlier ? [{ correction: earlier, spanStart }] : [];
    }),
    spanStart: firstDifference(correction.rejected.tokens, correction.wanted.tokens),
    recipe: assignment.recipe,
    seed,
    signal: run.signal,
    onStep: (step) => run.onProgress?.({ correctionId: correction.id, purpose, index, count, ...step }),
  });
}

type Stored = Pick<Trained, "outcome" | "proof" | "after"> & {
  readonly current: LoadedAdapter;
  readonly sha256: string | undefined;
  readonly isRemade: boolean;
};

/** Where something was made: on disk, loaded from there, judged again. Else all stays as it was. */
async function store(options: {
  readonly context: LearningContext;
  readonly assignment: Assignment;
  readonly trained: Trained;
  readonly run: RunOptions;
}): Promise<Stored> {
  const { context, assignment, trained, run } = options;
  const { outcome, proof, after, made } = trained;
  const { from, line, correction } = assignment;
  // Only from the same version can the same bits come; and a step that was not needed then is not needed now.
  const expected = assignment.expected?.from === from.version ? assignment.expected : undefined;
  if (!made) {
    const isRemade = outcome === "learned" && expected?.to === from.version;
    return { outcome, proof, after, current: from, sha256: undefined, isRemade };
  }

  const folder = folderOf(context);
  const staged = await stageAdapter(folder, (path) =>
    made.trainer.saveAdapter({
      adapter: made.adapter,
      path,
      metadata: { format: "ouroboros-adapter", checkpoint: context.model.info.hash },
    }),
  );
  const isRemade = staged.sha256 === expected?.sha256;
  const version = isRemade && expected ? expected.to : await nextVersion(context);
  await commitAdapter({
    folder,
    staged,
    manifest: {
      version,
      parent: from.version,
      at: context.clock().toISOString(),
      checkpoint: { hash: context.model.info.hash, path: context.modelPath },
      vocabulary: context.history.scope.vocabulary,
      project: { id: context.project.id, name: context.project.name },
      parameters: assignment.recipe.parameters,
      corrections: [...line.map((applied) => applied.correctionId), correction.id],
      lossBefore: trained.before.loss,
      lossAfter: after.loss,
    },
  });
  const adapter = await context.model.loadAdapter({ path: tensorsPath(folder, version) });
  const judged = await judgeStored({ context, assignment, trained, adapter, signal: run.signal });
  const { matches } = judged.proof;
  if (!isAchieved({ aim: correction.aim, before: trained.before, after: judged.after, matches })) {
    return { ...judged, outcome: "limit", current: from, sha256: undefined, isRemade: false };
  }
  return { ...judged, outcome, current: { version, adapter }, sha256: staged.sha256, isRemade };
}

async function judgeStored(options: {
  readonly context: LearningContext;
  readonly assignment: Assignment;
  readonly trained: Trained;
  readonly adapter: Adapter;
  readonly signal: AbortSignal | undefined;
}): Promise<Pick<Trained, "proof" | "after">> {
  const { context, assignment, trained, adapter, signal } = options;
  const { model, base } = context;
  const { correction, recipe } = assignment;
  const state = await base.stateAfter(prefixOf(correction), signal);
  const example = toExample({ correction, spanStart: trained.spanStart, recipe });
  const score = await finished(model.score({ state, tokens: example.tokens, adapter, ...unhurried(signal) }));
  return {
    proof: await prove({ model, adapter, state, correction, signal }),
    after: fareOf(score, example),
  };
}
