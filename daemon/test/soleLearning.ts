/** Learning of one project alone with its journal, for tests: corrects in one call, and tells what recovering came to. */

import { showOf } from "../src/assistant/shownLessons.js";
import type { DataHome } from "../src/base/dataHome.js";
import { SerialQueue } from "../src/base/serialQueue.js";
import type { RestoredRecord, TrainedRecord } from "../src/journal/records.js";
import { readJournal } from "../src/journal/segments.js";
import type { RunOptions } from "../src/learning/context.js";
import { Learning } from "../src/learning/learning.js";
import type { Notice } from "../src/learning/notices.js";
import { joinLearning, type LearningOptions, openJournalOf } from "../src/learning/open.js";
import type { Lesson } from "../src/lessons/lesson.js";

type Learned = Exclude<Awaited<ReturnType<Learning["learnNext"]>>, { readonly kind: "idle" }>;

interface CorrectOptions extends RunOptions {
  /** Called once the correction is durable. */
  readonly onKept?: (correctionId: string) => void;
}

interface Recovered {
  readonly kind: "recovered";
  /** Corrections trained again because adapter files had been lost, with other bits than before. */
  readonly retrained: number;
  readonly lost: readonly string[];
  /** The outcomes of the corrections that were pending. */
  readonly trained: readonly TrainedRecord[];
}

/** Closing it closes the journal too, and its notices tell of the journal's damage. */
export type SoleLearning = Learning & {
  /** Keeps and learns, after what is pending. */
  correct(lesson: Lesson, run?: CorrectOptions): Promise<Learned>;
  /** Rebuilds lost adapter files and learns what is pending. */
  recover(): Promise<Recovered>;
};

/** Throws `journal-busy`, `journal-*`. */
export async function openLearning(
  options: Omit<LearningOptions, "show"> & Partial<Pick<LearningOptions, "show">>,
): Promise<SoleLearning> {
  const journal = await openJournalOf(options.home, { onRecord: () => {} });
  const learning = await joinLearning({ show: showOf(options), ...options }, journal).catch(
    async (error: unknown) => {
      await journal.close();
      throw error;
    },
  );
  const damage: readonly Notice[] = journal.damage.map((each) => ({ kind: "journal", damage: each }));
  Object.defineProperty(learning, "notices", {
    get: () => [...damage, ...Reflect.get(Learning.prototype, "notices", learning)],
  });
  const queue = new SerialQueue();
  const closeLearning = learning.close.bind(learning);
  return Object.assign(learning, {
    correct: (lesson: Lesson, run: CorrectOptions = {}) => queue.run(() => correct(learning, lesson, run)),
    recover: () => queue.run(() => recover(learning, options.home)),
    async close() {
      await queue.close();
      await closeLearning();
      await journal.close();
    },
  });
}

async function correct(learning: Learning, lesson: Lesson, run: CorrectOptions): Promise<Learned> {
  const correctionId = await learning.keep(lesson);
  run.onKept?.(correctionId);
  for (;;) {
    const outcome = await learning.learnNext(run);
    if (outcome.kind === "idle") throw new TypeError("a kept correction was not pending");
    if (outcome.kind === "cancelled") return { kind: "cancelled", correctionId };
    if (outcome.correctionId === correctionId) return outcome;
  }
}

async function recover(learning: Learning, home: DataHome): Promise<Recovered> {
  const learnedBefore = learnedIds(learning);
  const restoredBefore = (await restoredIn(home)).length;
  const trained: TrainedRecord[] = [];
  for (;;) {
    const outcome = await learning.learnNext();
    if (outcome.kind === "idle") break;
    if (outcome.kind === "cancelled") throw new TypeError("cancelled without a signal");
    trained.push(outcome.trained);
  }
  const restored = (await restoredIn(home)).slice(restoredBefore);
  const learnedNow = new Set(learnedIds(learning));
  return {
    kind: "recovered",
    retrained: restored.reduce((sum, { reapplied }) => sum + reapplied.length, 0),
    lost: learnedBefore.filter((id) => !learnedNow.has(id)),
    trained,
  };
}

function learnedIds(learning: Learning): readonly string[] {
  return learning
    .learned()
    .flatMap(({ status, correction }) => (status === "learned" ? [correction.id] : []));
}

async function restoredIn(home: DataHome): Promise<readonly RestoredRecord[]> {
  const restored: RestoredRecord[] = [];
  await readJournal({
    folder: home.journal,
    onRecord: (entry) => entry.kind === "restored" && restored.push(entry),
  });
  return restored;
}
