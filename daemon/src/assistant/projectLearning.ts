/**
 * The learning of one open project, as a line that people and files put corrections into: each is kept at once, then
 * learned one after another, and what came of it is told. One such line per project; lines of several projects may
 * train at the same time, sharing the engine's one train thread.
 */

import { codeOf, errorMessage } from "../base/errorMessage.js";
import { excerpt } from "../base/excerpt.js";
import type { Log } from "../base/log.js";
import type { LearningPhase, LearningProgress } from "../learning/context.js";
import type { Learning, UndoOutcome } from "../learning/learning.js";
import type { Lesson } from "../lessons/lesson.js";
import type { DidLearn } from "../protocol/corrections.js";
import type { LearningState } from "../protocol/state.js";
import type { Project } from "../store/project.js";
import type { CorrectionHooks, KeptCorrection, LearningStep, UndoRequest } from "./assistant.js";
import { outcomeOf, type TrainedOutcome } from "./outcome.js";

/** `kept` and `announced` are this file's; between them are learning's own. */
export type CorrectionPhase = "kept" | LearningPhase | "announced";

export interface ProjectLearningOptions {
  readonly project: Project;
  readonly learning: Learning;
  readonly isPaused: boolean;
  readonly onLearned: (event: DidLearn) => void;
  readonly onChange: () => void;
  /** Before the next phase begins; for the log, and for tests that kill the process between two of them. */
  readonly onPhase: (phase: CorrectionPhase, correctionId: string) => void;
  readonly log: Log;
}

export interface ProjectLearning {
  readonly project: Project;
  readonly learning: Learning;
  readonly state: LearningState;
  /** Resolves when it is on disk. */
  keep(kept: {
    readonly lesson: Lesson;
    readonly origin: DidLearn["origin"];
    readonly hooks?: CorrectionHooks;
  }): Promise<KeptCorrection>;
  undo(request: Omit<UndoRequest, "where">): Promise<Extract<UndoOutcome, { kind: "undone" }>>;
  /** Learns what is pending, if anything is; after a failure too. */
  wake(): void;
  setPaused(isPaused: boolean): void;
  /** The lesson in training ends, and no other begins; corrections are still kept. */
  drain(): Promise<void>;
  /** The running step ends; what is pending stays so, and who waits for it is told. */
  close(): Promise<void>;
}

/** What somebody hears who waited for a correction when its model was let go. */
const LEFT = "the model was let go before it had learned this; the correction is kept until it answers again";

interface Waiting {
  readonly origin: DidLearn["origin"];
  readonly hooks: CorrectionHooks;
  readonly settle: (event: DidLearn) => void;
}

export function createProjectLearning(options: ProjectLearningOptions): ProjectLearning {
  const { project, learning, onLearned, onChange, onPhase, log } = options;
  const waiting = new Map<string, Waiting>();
  let isPaused = options.isPaused;
  let isDraining = false;
  /** What must be on disk before this is closed. */
  const underway = new Set<Promise<unknown>>();
  let stop = new AbortController();
  let running: Promise<void> | undefined;
  let step: (LearningStep & { readonly correctionId: string }) | undefined;
  let failure: unknown;

  const announce = (event: DidLearn) => {
    waiting.get(event.correctionId)?.settle(event);
    waiting.delete(event.correctionId);
    onLearned(event);
    onPhase("announced", event.correctionId);
  };
  const eventOf = (correctionId: string, outcome: DidLearn["outcome"]): DidLearn => {
    const found = learning.find(correctionId);
    const isFromFile = found?.correction.source === "org";
    return {
      correctionId,
      project: { id: project.id, name: project.name },
      outcome,
      rejected: excerpt(found?.correction.rejected.text ?? ""),
      wanted: excerpt(found?.correction.wanted.text ?? ""),
      origin: isFromFile ? "org" : (waiting.get(correctionId)?.origin ?? "completion"),
    };
  };

  async function learnAll(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !isDraining) {
      const outcome = await learning.learnNext({
        signal,
        onPhase,
        onProgress: ({ correctionId, ...made }) => {
          step = { correctionId, ...made };
          for (const { hooks } of waiting.values()) hooks.onStep?.(made);
          onChange();
        },
      });
      step = undefined;
      if (outcome.kind === "idle" || outcome.kind === "cancelled") return;
      log.info(learnedFields(outcome), "learned");
      announce(eventOf(outcome.correctionId, outcomeOf(outcome)));
      onChange();
    }
  }

  /** What failed is kept, and tried again with the next correction, or when the daemon starts again. */
  function fail(error: unknown): void {
    failure = error;
    log.error({ project: project.id, code: codeOf(error) }, "learning failed");
    announceAll(`${errorMessage(error)}; the correction is kept and is tried again later`);
  }

  function announceAll(message: string): void {
    for (const id of [...waiting.keys()]) announce(eventOf(id, { kind: "failed", message }));
  }

  const untilDone = <T>(operation: Promise<T>): Promise<T> => {
    const done = operation.finally(() => underway.delete(done));
    underway.add(done);
    return done;
  };

  const line: ProjectLearning = {
    project,
    learning,
    get state(): LearningState {
      const pending = learning.pendingCount();
      if (isPaused) return { kind: "paused", waiting: pending };
      if (failure !== undefined) {
        return { kind: "failed", code: codeOf(failure), message: errorMessage(failure) };
      }
      if (running === undefined || pending === 0) return { kind: "idle" };
      return {
        kind: "learning",
        correctionId: step?.correctionId ?? "",
        step: step?.step ?? 0,
        stepsMax: step?.stepsMax ?? 1,
        loss: step?.loss ?? null,
        waiting: pending - 1,
      };
    },
    async keep({ lesson, origin, hooks = {} }) {
      const correctionId = await untilDone(learning.keep(lesson));
      onPhase("kept", correctionId);
      const done = new Promise<DidLearn>((settle) => waiting.set(correctionId, { origin, hooks, settle }));
      line.wake();
      return { correctionId, project: { id: project.id, name: project.name }, done };
    },
    async undo({ correctionId, signal, onStep }) {
      const run = {
        ...(signal && { signal }),
        ...(onStep && { onProgress: ({ correctionId: _id, ...made }: LearningProgress) => onStep(made) }),
      };
      const undone = await untilDone(learning.undo(correctionId === undefined ? {} : { correctionId }, run));
      onChange();
      if (undone.kind === "cancelled") {
        signal?.throwIfAborted();
        throw new TypeError("nothing could cancel this undo");
      }
      log.info({ project: project.id, correctionId: undone.correctionId }, "undone");
      return undone;
    },
    wake() {
      if (isPaused || isDraining || running) return;
      failure = undefined;
      const { signal } = stop;
      running = learnAll(signal)
        .catch(fail)
        .finally(() => {
          running = undefined;
          step = undefined;
          onChange();
          // Kept while the last one was being announced.
          if (failure === undefined && learning.pendingCount() > 0) line.wake();
        });
      onChange();
    },
    setPaused(next) {
      if (next === isPaused) return;
      isPaused = next;
      if (isPaused) stop.abort();
      else stop = new AbortController();
      onChange();
      line.wake();
    },
    async drain() {
      isDraining = true;
      await Promise.allSettled([running, ...underway]);
    },
    async close() {
      stop.abort();
      await line.drain();
      await learning.close();
      announceAll(LEFT);
    },
  };
  return line;
}

function learnedFields({ kind, correctionId, trained, current }: TrainedOutcome) {
  const { steps, durationMs, lossBefore, lossAfter, proof } = trained;
  return {
    outcome: kind,
    correctionId,
    adapterVersion: current.version,
    steps,
    durationMs,
    lossBefore,
    lossAfter,
    proven: proof.matches,
  };
}
