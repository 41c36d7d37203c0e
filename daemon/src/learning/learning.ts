/**
 * Learning from corrections in one project with one model: the face of this folder, which `open.ts` opens.
 *
 * The order of a correction, on which every promise rests: it is journaled (acknowledged) → trained → the adapter
 * saved, loaded back and verified → journaled as trained → current. Killed at any point, the next opening finds the
 * correction pending or learned, never half.
 */

import { SerialQueue } from "../base/serialQueue.js";
import type { Applied, TrainedRecord } from "../journal/records.js";
import type { Lesson } from "../lessons/lesson.js";
import { pruneSpare } from "./adapterFiles.js";
import { type LearningContext, type LoadedAdapter, type RunOptions, record } from "./context.js";
import { toCorrectionRecord } from "./correctionRecord.js";
import {
  findLearned,
  type LearnedCorrection,
  listLearned,
  pendingCorrections,
  replacedBy,
  statusOf,
  textsToRecall,
} from "./history.js";
import { unlessInterrupted } from "./interrupted.js";
import { learnCorrection } from "./learnCorrection.js";
import { type Notice, noticesNow } from "./notices.js";
import { reset, resettable, undoReset } from "./reset.js";
import { repairLineage, type Undone, undoCorrection } from "./undo.js";

/** What was learned, as far as it can be told without a model. */
export interface LearnedList {
  /** What was found wrong. */
  readonly notices: readonly Notice[];
  /** The project's corrections under this model and vocabulary, oldest first. */
  learned(): readonly LearnedCorrection[];
  readonly adapterVersion: number;
}

/** What anyone may see, without the right to write. */
export interface LearningView extends LearnedList {
  /** The adapter to complete with; the next call may name a newer one. */
  currentAdapter(): LoadedAdapter;
}

/** Cancelled after it had been journaled: it is kept, and the next operation that learns begins with it. */
interface Cancelled {
  readonly kind: "cancelled";
  readonly correctionId: string;
}

interface Learned {
  readonly kind: TrainedRecord["outcome"];
  readonly correctionId: string;
  readonly trained: TrainedRecord;
  /** In use from now on; unchanged unless `kind` is `learned`. */
  readonly current: LoadedAdapter;
}

/** Operations run one at a time in order of their calls; only `keep` does not wait for the others. */
export class Learning implements LearningView {
  readonly #context: LearningContext;
  readonly #foundOnOpening: readonly Notice[];
  readonly #newId: () => string;
  readonly #queue = new SerialQueue();
  #current: LoadedAdapter;
  #taught: { readonly lineage: readonly Applied[]; readonly texts: readonly string[] } | undefined;

  /** Use `joinLearning`. */
  constructor(opened: {
    readonly context: LearningContext;
    readonly notices: readonly Notice[];
    readonly current: LoadedAdapter;
    readonly newId: () => string;
  }) {
    this.#context = opened.context;
    this.#foundOnOpening = opened.notices;
    this.#current = opened.current;
    this.#newId = opened.newId;
  }

  get notices(): readonly Notice[] {
    return noticesNow(this.#foundOnOpening, this.#context.history, this.#current.version);
  }

  learned(): readonly LearnedCorrection[] {
    return listLearned(this.#context.history);
  }

  find(correctionId: string): LearnedCorrection | undefined {
    return findLearned(this.#context.history, correctionId);
  }

  currentAdapter(): LoadedAdapter {
    return this.#current;
  }

  get adapterVersion(): number {
    return this.#current.version;
  }

  /** The texts that the current adapter has been taught to write; the same array as long as they are the same. */
  taughtTexts(): readonly string[] {
    const { history } = this.#context;
    if (this.#taught?.lineage !== history.lineage) {
      this.#taught = { lineage: history.lineage, texts: textsToRecall(history) };
    }
    return this.#taught.texts;
  }

  /** Corrections that are kept and not trained yet. */
  pendingCount(): number {
    return pendingCorrections(this.#context.history).length;
  }

  /** Corrections that the current adapter holds, without those that later ones contradict. */
  learnedCount(): number {
    const { history } = this.#context;
    return history.lineage.filter(({ correctionId }) => statusOf(history, correctionId) === "learned").length;
  }

  /** The earlier correction of the same place, if any held until this one came. */
  replacedBy(correctionId: string): string | undefined {
    return replacedBy(this.#context.history, correctionId);
  }

  /** Makes it durable at once that this is to be learned, and returns its id. Throws `correction-*`, `project-full`, `journal-*`. */
  async keep(lesson: Lesson): Promise<string> {
    this.#queue.mustBeOpen();
    return this.#keep(lesson);
  }

  /**
   * Rebuilds lost adapter files, then learns the pending correction that comes first. `idle`: nothing is pending.
   * Throws `journal-*`, `adapter-write`, `learning-*`, or an EngineError.
   */
  learnNext(run: RunOptions = {}): Promise<{ readonly kind: "idle" } | Cancelled | Learned> {
    return this.#queue.run(() => this.#learnNext(run));
  }

  /** Cancelled, it has not happened. */
  undo(
    request: { readonly correctionId?: string },
    run: RunOptions = {},
  ): Promise<{ readonly kind: "cancelled" } | ({ readonly kind: "undone" } & Undone)> {
    return this.#queue.run(() =>
      unlessInterrupted({ kind: "cancelled" }, async () => {
        const undone = await undoCorrection(this.#context, { ...request, ...run, current: this.#current });
        await this.#moveTo(undone.current);
        return { kind: "undone", ...undone };
      }),
    );
  }

  /** What a reset would take back now, oldest first. */
  resettable(): readonly LearnedCorrection[] {
    return resettable(this.#context.history);
  }

  /** Takes back everything, what is pending too, and returns it. Throws `nothing-to-undo`, `journal-write`. */
  reset(): Promise<readonly LearnedCorrection[]> {
    return this.#queue.run(() => this.#move(reset(this.#context)));
  }

  /**
   * Rebuilds the files that have gone since. It has happened before that: what cannot be rebuilt now, or was cancelled,
   * is by the next `learnNext`. Throws `nothing-to-undo`, `taught-since`, `journal-write`.
   */
  undoReset(run: RunOptions = {}): Promise<readonly LearnedCorrection[]> {
    return this.#queue.run(async () => {
      const corrections = await this.#move(undoReset(this.#context));
      await this.#repair(run).catch(() => undefined);
      return corrections;
    });
  }

  /** Waits for running operations; the journal stays open. Idempotent. */
  close(): Promise<void> {
    return this.#queue.close();
  }

  async #keep(lesson: Lesson): Promise<string> {
    const correction = toCorrectionRecord(this.#context, { lesson, newId: this.#newId });
    await record(this.#context, correction);
    return correction.id;
  }

  async #learnNext(run: RunOptions): Promise<{ readonly kind: "idle" } | Cancelled | Learned> {
    const { history } = this.#context;
    const correctionId = pendingCorrections(history)[0]?.id;
    return unlessInterrupted(
      correctionId ? { kind: "cancelled", correctionId } : { kind: "idle" },
      async () => {
        await this.#repair(run);
        const [correction, ...behind] = pendingCorrections(history);
        if (!correction) return { kind: "idle" };
        const learning = { correction, current: this.#current, index: 1, count: 1 + behind.length };
        const { trained, current } = await learnCorrection(this.#context, learning, run);
        await this.#moveTo(current);
        return { kind: trained.outcome, correctionId: correction.id, trained, current };
      },
    );
  }

  async #move(moved: ReturnType<typeof reset>): Promise<readonly LearnedCorrection[]> {
    const { corrections, current } = await moved;
    await this.#moveTo(current);
    return corrections;
  }

  /** Where adapter files were lost, rebuilds them; else does nothing. */
  async #repair(run: RunOptions): Promise<void> {
    if (this.#current.version === this.#context.history.version) return;
    await this.#moveTo(await repairLineage(this.#context, run));
  }

  async #moveTo(current: LoadedAdapter): Promise<void> {
    this.#current = current;
    await pruneSpare(this.#context);
  }
}
