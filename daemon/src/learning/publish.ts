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
import { finished, stopIfAborted } from "./interrupted.js";
import { prove } from "./proof.js";
import { toExample } from "./training/example.js";
import { isAchieved, spanScore } from "./training/stoppingCriterion.js";
import { prefixOf } from "./training/taughtSpan.js";
import { type Trained, trainCorrection } from "./training/trainCorrection.js";

/** One correction to be trained into the adapter `from`. */
interface PlannedTraining {
  readonly correction: CorrectionRecord;
  readonly recipe: Recipe;
  readonly from: LoadedAdapter;
  /** What `from` holds, oldest first. */
  readonly lineage: readonly Applied[];
  readonly purpose: LearningProgress["purpose"];
  readonly index: number;
  readonly count: number;
  /** What the journal says this very training gave before; the same bits then take their old place. */
  readonly expected: Applied | undefined;
}

interface Published {
  readonly trained: TrainedRecord;
  readonly current: LoadedAdapter;
  /** The bits are those the journal names: a lost file was rebuilt, and no record was needed. */
  readonly isRebuilt: boolean;
}

/** Throws `LearningInterrupted`, `adapter-write`, `journal-write`; then nothing counts. */
export async function trainAndPublish(
  context: LearningContext,
  planned: PlannedTraining,
  run: RunOptions,
): Promise<Published> {
  const started = performance.now();
  const { correction, from, lineage } = planned;
  const seed = seedOf(correction);
  const trained = await train({ context, planned, run, seed });
  const stored = await storeAndClose({ context, planned, trained, run });
  run.onPhase?.("verified", correction.id);
  stopIfAborted(run.signal);
  const entry: TrainedRecord = {
    ...headingOf(context),
    kind: "trained",
    correctionId: correction.id,
    purpose: planned.purpose,
    outcome: stored.outcome,
    adapterFrom: from.version,
    adapterTo: stored.current.version,
    adapterSha256: stored.sha256 ?? lineage.at(-1)?.sha256 ?? null,
    seed,
    instructionSet: context.instructionSet,
    precision: context.precision,
    recipe: planned.recipe,
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
  if (!stored.isRebuilt) await record(context, entry);
  run.onPhase?.("published", correction.id);
  return { trained: entry, current: stored.current, isRebuilt: stored.isRebuilt };
}

/** A pure function of what is learned, so that two homes taught alike hold the same bits. */
function seedOf({ prompt, boundary, rejected, wanted, end, following }: CorrectionRecord): number {
  const content = JSON.stringify([prompt.tokens, boundary, rejected.tokens, wanted.tokens, end, following]);
  return createHash("sha256").update(content).digest().readUInt32LE(0);
}

function train(options: {
  readonly context: LearningContext;
  readonly planned: PlannedTraining;
  readonly run: RunOptions;
  readonly seed: number;
}): Promise<Trained> {
  const { context, planned, run, seed } = options;
  const { correction, purpose, index, count } = planned;
  return trainCorrection({
    model: context.model,
    show: context.show,
    base: context.base,
    anchors: context.anchors.windows,
    from: planned.from.adapter,
    correction,
    earlier: planned.lineage.flatMap(({ correctionId, spanStart }) => {
      const earlier = context.history.corrections.get(correctionId);
      return earlier ? [{ correction: earlier, spanStart }] : [];
    }),
    spanStart: firstDifference(correction.rejected.tokens, correction.wanted.tokens),
    recipe: planned.recipe,
    seed,
    signal: run.signal,
    onStep: (step) => run.onProgress?.({ correctionId: correction.id, purpose, index, count, ...step }),
  });
}

type Stored = Pick<Trained, "outcome" | "proof" | "after"> & {
  readonly current: LoadedAdapter;
  readonly sha256: string | undefined;
  readonly isRebuilt: boolean;
};

/** The trainer's memory, many times the model's, is given back as soon as what it made is on disk. */
async function storeAndClose(options: Parameters<typeof store>[0]): Promise<Stored> {
  const { planned, trained, run } = options;
  try {
    run.onPhase?.("trained", planned.correction.id);
    return await store(options);
  } finally {
    await trained.made?.trainer.close();
  }
}

/** Where something was made: on disk, loaded from there, judged again. Else all stays as it was. */
async function store(options: {
  readonly context: LearningContext;
  readonly planned: PlannedTraining;
  readonly trained: Trained;
  readonly run: RunOptions;
}): Promise<Stored> {
  const { context, planned, trained, run } = options;
  const { outcome, proof, after, made } = trained;
  const { from, correction } = planned;
  // Only from the same version can the same bits come; and a step that was not needed then is not needed now.
  const expected = planned.expected?.from === from.version ? planned.expected : undefined;
  if (!made) {
    const isRebuilt = outcome === "learned" && expected?.to === from.version;
    return { outcome, proof, after, current: from, sha256: undefined, isRebuilt };
  }
  const { version, sha256 } = await save({ context, planned, trained, made, expected });
  const adapter = await context.model.loadAdapter({ path: tensorsPath(folderOf(context), version) });
  const judged = await judgeStored({ context, planned, trained, adapter, signal: run.signal });
  const { matches } = judged.proof;
  if (!isAchieved({ aim: correction.aim, before: trained.before, after: judged.after, matches })) {
    return { ...judged, outcome: "limit", current: from, sha256: undefined, isRebuilt: false };
  }
  const isRebuilt = sha256 === expected?.sha256;
  return { ...judged, outcome, current: { version, adapter }, sha256, isRebuilt };
}

/** Tensors and manifest on disk: under the version that is `expected` to have the same bits, else under a new one. */
async function save(options: {
  readonly context: LearningContext;
  readonly planned: PlannedTraining;
  readonly trained: Trained;
  readonly made: NonNullable<Trained["made"]>;
  readonly expected: Applied | undefined;
}): Promise<{ readonly version: number; readonly sha256: string }> {
  const { context, planned, trained, made, expected } = options;
  const { model, project, history } = context;
  const { trainer, adapter } = made;
  const checkpoint = { hash: model.info.hash, path: context.modelPath };
  const folder = folderOf(context);
  // Where the home was deleted or replaced while this was trained, what is gone must not come back.
  await context.journal.mustBeOurs();
  const staged = await stageAdapter(folder, (path) => {
    const metadata = { format: "ouroboros-adapter", checkpoint: checkpoint.hash };
    return trainer.saveAdapter({ adapter, path, metadata });
  });
  const { sha256 } = staged;
  const version = expected && sha256 === expected.sha256 ? expected.to : await nextVersion(context);
  await context.journal.mustBeOurs();
  await commitAdapter({
    folder,
    staged,
    manifest: {
      version,
      parent: planned.from.version,
      at: context.clock().toISOString(),
      checkpoint,
      vocabulary: history.scope.vocabulary,
      project: { id: project.id, name: project.name },
      parameters: planned.recipe.parameters,
      corrections: [...planned.lineage.map((applied) => applied.correctionId), planned.correction.id],
      lossBefore: trained.before.loss,
      lossAfter: trained.after.loss,
    },
  });
  return { version, sha256 };
}

async function judgeStored(options: {
  readonly context: LearningContext;
  readonly planned: PlannedTraining;
  readonly trained: Trained;
  readonly adapter: Adapter;
  readonly signal: AbortSignal | undefined;
}): Promise<Pick<Trained, "proof" | "after">> {
  const { context, planned, trained, adapter, signal } = options;
  const { model, base, show } = context;
  const { correction, recipe } = planned;
  const state = await base.stateAfter(prefixOf(correction), signal);
  const example = toExample({ correction, spanStart: trained.spanStart, recipe });
  const score = await finished(model.score({ state, tokens: example.tokens, adapter, ...unhurried(signal) }));
  return {
    proof: await prove({ model, show, adapter, state, correction, signal }),
    after: spanScore(score, example),
  };
}
