/**
 * The projects that are open with one loaded model: each is opened when it is needed, and closed again when nobody has
 * used it for a while, or when the adapters of all are too large together. One in which a lesson waits or is in training
 * stays. One that was closed for want of use rests: what is known of it is still told, and the next who asks opens it
 * anew. One that cannot be opened is remembered, so that everybody can see why the model answers without what it was
 * taught there.
 */

import { codeOf } from "../base/errorMessage.js";
import { AppError } from "../base/errors.js";
import { ADAPTERS_BYTES_MAX } from "../base/memory/bounds.js";
import { NewestMap } from "../base/memory/newestMap.js";
import type { Learning } from "../learning/learning.js";
import { describeNotice } from "../learning/notices.js";
import type { ProjectState } from "../protocol/state.js";
import type { Project } from "../store/project.js";
import type { ProjectLearning } from "./projectLearning.js";

/** A person works in a few projects; a program that walks a disk must not open them all. */
const PROJECTS_MAX = 64;
/** Typing asks with every key; a journal that cannot be read is not read anew each time. */
const RETRY_AFTER_MS = 10_000;
/** Who was given a project just now may be about to put a lesson into it. */
const IN_HAND_MS = 1000;

/** A project whose learning could not be opened when it was last tried. */
interface FailedProject {
  readonly project: Project;
  readonly error: unknown;
  readonly atMs: number;
}

/** What is told of a project that was closed for want of use. */
interface RestingProject {
  readonly project: Project;
  readonly shown: ProjectState;
  readonly notices: readonly string[];
}

interface Opening {
  readonly project: Promise<ProjectLearning>;
  /** Undefined until it is open. */
  readonly opened: ProjectLearning | undefined;
  readonly usedAtMs: number;
}

interface OpenProjectsOptions {
  readonly join: (project: Project) => Promise<Learning>;
  readonly begin: (project: Project, learning: Learning) => ProjectLearning;
  /** There may be something for it to learn. */
  readonly onOpened: (project: ProjectLearning) => void;
  readonly onFailed: (failed: FailedProject) => void;
  /** Of a project's adapter in memory; 0 where it has none. */
  readonly bytesOf: (learning: Learning) => number;
  /** Of all adapters together. Default: the daemon's bound. */
  readonly bytesMax?: number;
  /** Monotonic. */
  readonly nowMs: () => number;
}

export class OpenProjects {
  readonly #options: OpenProjectsOptions;
  /** By id. A Map keeps the order of insertion: its first key is the one unused for longest. */
  readonly #opening = new Map<string, Opening>();
  readonly #closing = new Map<string, Promise<void>>();
  #open: readonly ProjectLearning[] = [];
  /** By the project's id. */
  readonly #failed = new NewestMap<string, FailedProject>(PROJECTS_MAX);
  readonly #resting = new NewestMap<string, RestingProject>(PROJECTS_MAX);
  #isDraining = false;
  #isClosed = false;

  constructor(options: OpenProjectsOptions) {
    this.#options = options;
  }

  /** Those that are open by now, in the order in which they were first needed. */
  get all(): readonly ProjectLearning[] {
    return this.#open;
  }

  get failed(): readonly FailedProject[] {
    return this.#failed.values();
  }

  /** Closed for want of use. */
  get resting(): readonly RestingProject[] {
    return this.#resting.values();
  }

  /** Of the adapters in memory. */
  get bytes(): number {
    return this.#open.reduce((sum, { learning }) => sum + this.#options.bytesOf(learning), 0);
  }

  /** Sentences about what is wrong in them; what only waits to be learned is not. */
  get notices(): readonly string[] {
    return [...this.#open.flatMap(noticesOf), ...this.resting.flatMap(({ notices }) => notices)];
  }

  /** As `open`, but throws at once what opening threw a moment ago: for who asks with every key. */
  async openUnlessFailing(project: Project): Promise<ProjectLearning> {
    const failed = this.#failed.get(project.id);
    if (failed && this.#options.nowMs() - failed.atMs < RETRY_AFTER_MS) throw failed.error;
    return this.open(project);
  }

  /** Throws what opening throws; the next call tries again. After closeAll() it throws `learning-closed`. */
  async open(project: Project): Promise<ProjectLearning> {
    const { id, name } = project;
    if (this.#isClosed) throw new AppError("learning-closed", `learning of ${name} was closed`);
    const known = this.#opening.get(id);
    const opening = { opened: undefined, ...(known ?? { project: this.#begin(project) }) };
    this.#opening.delete(id);
    this.#opening.set(id, { ...opening, usedAtMs: this.#options.nowMs() });
    if (!known) this.#makeRoom();
    return opening.project.catch((error: unknown) => {
      // Who opened it tells; the others that waited for the same only hear of it.
      if (this.#opening.get(id)?.project === opening.project) this.#fail(project, error);
      throw error;
    });
  }

  /** Closes those that nobody has asked for as long as that; `isNeeded`: somebody may soon, so they stay. */
  async closeUnused(unused: {
    readonly unusedMs: number;
    readonly isNeeded: (projectId: string) => boolean;
  }): Promise<void> {
    const untilMs = this.#options.nowMs() - unused.unusedMs;
    const leaving = [...this.#opening].filter(
      ([id, each]) => each.usedAtMs <= untilMs && !unused.isNeeded(id),
    );
    await Promise.all(leaving.map(([id]) => this.#rest(id)));
    // What was learned meanwhile is larger than what was there before.
    this.#makeRoom();
  }

  /** No lesson begins any more; resolves when those in training have ended. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    await eachOpened([...this.#opening.values()], (project) => project.drain());
  }

  async closeAll(): Promise<void> {
    this.#isClosed = true;
    const all = [...this.#opening.values()];
    this.#opening.clear();
    this.#open = [];
    this.#failed.clear();
    this.#resting.clear();
    await eachOpened(all, (project) => project.close());
    await Promise.all(this.#closing.values());
  }

  async #begin(project: Project): Promise<ProjectLearning> {
    const { join, begin, onOpened } = this.#options;
    const { id } = project;
    await this.#closing.get(id);
    const learning = await join(project);
    const opened = begin(project, learning);
    this.#failed.delete(id);
    this.#resting.delete(id);
    const opening = this.#opening.get(id);
    if (opening) this.#opening.set(id, { ...opening, opened });
    if (!this.#isClosed) this.#open = [...this.#open, opened];
    if (this.#isDraining) await opened.drain();
    this.#makeRoom();
    onOpened(opened);
    return opened;
  }

  #fail(project: Project, error: unknown): void {
    this.#opening.delete(project.id);
    if (this.#isClosed || codeOf(error) === "learning-closed") return;
    const failed = { project, error, atMs: this.#options.nowMs() };
    this.#resting.delete(project.id);
    this.#failed.set(project.id, failed);
    this.#options.onFailed(failed);
  }

  /** Those that were needed least recently make room; what waits to be learned, or is in somebody's hand, stays. */
  #makeRoom(): void {
    const { bytesOf, bytesMax = ADAPTERS_BYTES_MAX, nowMs } = this.#options;
    const untilMs = nowMs() - IN_HAND_MS;
    let bytes = this.bytes;
    let count = this.#opening.size;
    for (const [id, { opened, usedAtMs }] of [...this.#opening]) {
      if (count <= PROJECTS_MAX && bytes <= bytesMax) return;
      if (opened === undefined || opened.isBusy || usedAtMs > untilMs) continue;
      bytes -= bytesOf(opened.learning);
      count -= 1;
      this.#rest(id).catch(() => undefined);
    }
  }

  /** Unless it is at work. From here on who asks for it opens it anew. */
  async #rest(id: string): Promise<void> {
    const opened = this.#opening.get(id)?.opened;
    if (opened === undefined || opened.isBusy) return;
    this.#opening.delete(id);
    this.#open = this.#open.filter((each) => each !== opened);
    this.#resting.set(id, { project: opened.project, shown: opened.shown, notices: noticesOf(opened) });
    const closed = opened.close().finally(() => this.#closing.delete(id));
    this.#closing.set(id, closed);
    await closed;
  }
}

function noticesOf({ project, learning }: ProjectLearning): readonly string[] {
  return learning.notices
    .filter(({ kind }) => kind !== "pending")
    .map((notice) => `${project.name}: ${describeNotice(notice)}`);
}

async function eachOpened(
  opening: readonly Opening[],
  work: (project: ProjectLearning) => Promise<void>,
): Promise<void> {
  await Promise.all(opening.map(({ project }) => project.then(work).catch(() => undefined)));
}
