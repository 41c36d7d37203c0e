/**
 * The learning of one open project: people and files put lessons into it, each is kept at once, then learned one after
 * another, and what came of it is told. Several projects may train at the same time, sharing the engine's one train
 * thread.
 */

import { codeOf, errorMessage } from "../base/errorMessage.js";
import { excerpt } from "../base/excerpt.js";
import type { Log } from "../base/log.js";
import type { TrainedRecord } from "../journal/records.js";
import type { LearningPhase, LearningProgress } from "../learning/context.js";
import type { Learning } from "../learning/learning.js";
import type { Lesson } from "../lessons/lesson.js";
import type { DidLearn, ResetAction } from "../protocol/corrections.js";
import type { LearningState, ProjectState } from "../protocol/state.js";
import type { Project } from "../store/project.js";
import type { CorrectionHooks, KeptCorrection, LearningStep, UndoRequest } from "./assistant.js";
import { outcomeOf } from "./outcome.js";

/** `kept` and `announced` are this file's; between them are learning's own. */
export type CorrectionPhase = "kept" | LearningPhase | "announced";

interface ProjectLearningOptions {
  readonly project: Project;
  readonly learning: Learning;
  readonly isPaused: boolean;
  readonly onLearned: (event: DidLearn) => void;
  readonly onChange: () => void;
  /** Before the next phase begins; for the log, and for tests that kill the process between two of them. */
  readonly onPhase: (phase: CorrectionPhase, correctionId: string) => void;
  readonly log: Log;
}

/** What somebody hears who waited for a correction when its model was let go. */
const LEFT = "the model was let go before it had learned this; the correction is kept until it answers again";

/** The same of one that will not be trained, by its status. */
const WITHDRAWN: ReadonlyMap<string, string> = new Map([
  ["undone", "it was taken back before it had been learned"],
  ["superseded", "a later correction of the same place came before it had been learned"],
]);

interface Waiting {
  readonly origin: DidLearn["origin"];
  readonly hooks: CorrectionHooks;
  readonly settle: (event: DidLearn) => void;
}

export class ProjectLearning {
  readonly project: Project;
  readonly learning: Learning;
  readonly #options: ProjectLearningOptions;
  /** Those who wait for a correction, by its id. */
  readonly #waiting = new Map<string, Waiting>();
  /** What must be on disk before this is closed. */
  readonly #underway = new Set<Promise<unknown>>();
  #isPaused: boolean;
  #isDraining = false;
  #stop = new AbortController();
  #running: Promise<void> | undefined;
  #step: (LearningStep & { readonly correctionId: string }) | undefined;
  #failure: unknown;

  constructor(options: ProjectLearningOptions) {
    this.#options = options;
    this.project = options.project;
    this.learning = options.learning;
    this.#isPaused = options.isPaused;
  }

  get state(): LearningState {
    const pending = this.learning.pendingCount();
    if (this.#isPaused) return { kind: "paused", waiting: pending };
    const failure = this.#failure;
    if (failure !== undefined) {
      return { kind: "failed", code: codeOf(failure), message: errorMessage(failure) };
    }
    if (this.#running === undefined || pending === 0) return { kind: "idle" };
    const { correctionId = "", step = 0, stepsMax = 1, loss = null } = this.#step ?? {};
    return { kind: "learning", correctionId, step, stepsMax, loss, waiting: pending - 1 };
  }

  /** Something is being learned, waits to be, or is being written down: it is not closed for want of use. */
  get isBusy(): boolean {
    const isAtWork = this.#running !== undefined || this.#underway.size > 0 || this.#waiting.size > 0;
    return isAtWork || this.learning.pendingCount() > 0;
  }

  /** As a client sees it. */
  get shown(): ProjectState {
    const { id, name, folder } = this.project;
    const { learning } = this;
    const adapterVersion = learning.currentAdapter().version;
    return { id, name, folder, adapterVersion, learned: learning.learnedCount(), learning: this.state };
  }

  /** Resolves when it is on disk. */
  async keep(kept: {
    readonly lesson: Lesson;
    readonly origin: DidLearn["origin"];
    readonly hooks?: CorrectionHooks;
  }): Promise<KeptCorrection> {
    const { lesson, origin, hooks = {} } = kept;
    const { id, name } = this.project;
    const correctionId = await this.#untilDone(this.learning.keep(lesson));
    this.#options.onPhase("kept", correctionId);
    const done = new Promise<DidLearn>((settle) => {
      this.#waiting.set(correctionId, { origin, hooks, settle });
    });
    this.wake();
    const replaces = this.learning.replacedBy(correctionId) ?? null;
    return { correctionId, project: { id, name }, replaces, done };
  }

  async undo({ correctionId, signal, onStep }: Omit<UndoRequest, "where">) {
    const run = {
      ...(signal && { signal }),
      ...(onStep && { onProgress: ({ correctionId: _id, ...made }: LearningProgress) => onStep(made) }),
    };
    const request = correctionId === undefined ? {} : { correctionId };
    const undone = await this.#untilDone(this.learning.undo(request, run));
    this.#options.onChange();
    if (undone.kind === "cancelled") {
      signal?.throwIfAborted();
      throw new TypeError("nothing could cancel this undo");
    }
    this.#options.log.info({ project: this.project.id, correctionId: undone.correctionId }, "undone");
    this.#announceWithdrawn();
    // What it had replaced may be still to be learned.
    this.wake();
    return undone;
  }

  /** What is taken back, or given back, oldest first. What is being trained is given up. */
  async reset(action: ResetAction): Promise<ReturnType<Learning["resettable"]>> {
    const { learning, project } = this;
    if (action === "preview") return learning.resettable();
    if (action === "reset" && !this.#isPaused) {
      this.#stop.abort();
      this.#stop = new AbortController();
    }
    const run = { signal: this.#stop.signal };
    const moved = await this.#untilDone(action === "reset" ? learning.reset() : learning.undoReset(run));
    this.#options.log.info({ project: project.id, action, corrections: moved.length }, "learning reset");
    this.#announceWithdrawn();
    this.wake();
    this.#options.onChange();
    return moved;
  }

  /** Learns what is pending, if anything is; after a failure too. */
  wake(): void {
    if (this.#isPaused || this.#isDraining || this.#running) return;
    const { onChange } = this.#options;
    this.#failure = undefined;
    this.#running = this.#learnAll(this.#stop.signal)
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#running = undefined;
        this.#step = undefined;
        onChange();
        // Kept while the last one was being announced.
        if (this.#failure === undefined && this.learning.pendingCount() > 0) this.wake();
      });
    onChange();
  }

  setPaused(isPaused: boolean): void {
    if (isPaused === this.#isPaused) return;
    this.#isPaused = isPaused;
    if (isPaused) this.#stop.abort();
    else this.#stop = new AbortController();
    this.#options.onChange();
    this.wake();
  }

  /** The lesson in training ends, and no other begins; corrections are still kept. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    await Promise.allSettled([this.#running, ...this.#underway]);
  }

  /** The running step ends; what is pending stays so, and who waits for it is told. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.drain();
    await this.learning.close();
    this.#announceAll(LEFT);
  }

  async #learnAll(signal: AbortSignal): Promise<void> {
    const { onPhase, onChange, log } = this.#options;
    const onProgress = ({ correctionId, ...made }: LearningProgress) => {
      this.#step = { correctionId, ...made };
      for (const { hooks } of this.#waiting.values()) hooks.onStep?.(made);
      onChange();
    };
    while (!signal.aborted && !this.#isDraining) {
      this.#announceWithdrawn();
      const outcome = await this.learning.learnNext({ signal, onPhase, onProgress });
      this.#step = undefined;
      if (outcome.kind === "idle" || outcome.kind === "cancelled") return;
      log.info(logFields(outcome.trained), "learned");
      this.#announce(outcome.correctionId, outcomeOf(outcome.trained));
      onChange();
    }
  }

  /** What failed is kept, and tried again with the next correction, or when the daemon starts again. */
  #fail(error: unknown): void {
    this.#failure = error;
    this.#options.log.error({ project: this.project.id, code: codeOf(error) }, "learning failed");
    this.#announceAll(`${errorMessage(error)}; the correction is kept and is tried again later`);
  }

  /** Whoever waits for what will not be trained any more is told so. */
  #announceWithdrawn(): void {
    for (const id of [...this.#waiting.keys()]) {
      const status = this.learning.find(id)?.status ?? "pending";
      const message = WITHDRAWN.get(status);
      if (message !== undefined) this.#announce(id, { kind: "withdrawn", message });
    }
  }

  #announceAll(message: string): void {
    for (const id of [...this.#waiting.keys()]) this.#announce(id, { kind: "failed", message });
  }

  #announce(correctionId: string, outcome: DidLearn["outcome"]): void {
    const { onLearned, onPhase } = this.#options;
    const { id, name } = this.project;
    const correction = this.learning.find(correctionId)?.correction;
    const waiting = this.#waiting.get(correctionId);
    const event: DidLearn = {
      correctionId,
      project: { id, name },
      replaces: this.learning.replacedBy(correctionId) ?? null,
      outcome,
      rejected: excerpt(correction?.rejected.text ?? ""),
      wanted: excerpt(correction?.wanted.text ?? ""),
      origin: correction?.source === "org" ? "org" : (waiting?.origin ?? "completion"),
    };
    waiting?.settle(event);
    this.#waiting.delete(correctionId);
    onLearned(event);
    onPhase("announced", correctionId);
  }

  #untilDone<T>(operation: Promise<T>): Promise<T> {
    const done = operation.finally(() => this.#underway.delete(done));
    this.#underway.add(done);
    return done;
  }
}

function logFields(trained: TrainedRecord) {
  const { outcome, correctionId, adapterTo, steps, durationMs, lossBefore, lossAfter, proof } = trained;
  return {
    outcome,
    correctionId,
    adapterVersion: adapterTo,
    steps,
    durationMs,
    lossBefore,
    lossAfter,
    proven: proof.matches,
  };
}
