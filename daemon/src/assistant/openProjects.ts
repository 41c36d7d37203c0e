/**
 * The projects that are open with one loaded model: each is opened once, when first needed. One that cannot be opened is
 * remembered, so that everybody can see why the model answers without what it was taught there.
 */

import { codeOf } from "../base/errorMessage.js";
import { AppError } from "../base/errors.js";
import type { Learning } from "../learning/learning.js";
import { describeNotice } from "../learning/notices.js";
import type { Project } from "../store/project.js";
import type { ProjectLearning } from "./projectLearning.js";

/** A person works in a few projects; a program that walks a disk must not open them all. */
const PROJECTS_MAX = 64;
/** Typing asks with every key; a journal that cannot be read is not read anew each time. */
const RETRY_AFTER_MS = 10_000;

/** A project whose learning could not be opened when it was last tried. */
interface FailedProject {
  readonly project: Project;
  readonly error: unknown;
  readonly atMs: number;
}

interface OpenProjectsOptions {
  readonly join: (project: Project) => Promise<Learning>;
  readonly begin: (project: Project, learning: Learning) => ProjectLearning;
  /** There may be something for it to learn. */
  readonly onOpened: (project: ProjectLearning) => void;
  readonly onFailed: (failed: FailedProject) => void;
  /** Monotonic. */
  readonly nowMs: () => number;
}

export class OpenProjects {
  readonly #options: OpenProjectsOptions;
  /** By id. A Map keeps the order of insertion: its first key is the one unused for longest. */
  readonly #opening = new Map<string, Promise<ProjectLearning>>();
  #open: readonly ProjectLearning[] = [];
  /** By the project's id. */
  readonly #failed = new Map<string, FailedProject>();
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
    return [...this.#failed.values()];
  }

  /** Sentences about what is wrong in them; what only waits to be learned is not. */
  get notices(): readonly string[] {
    return this.#open.flatMap(({ project, learning }) =>
      learning.notices
        .filter(({ kind }) => kind !== "pending")
        .map((notice) => `${project.name}: ${describeNotice(notice)}`),
    );
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
    const known = this.#opening.get(id);
    if (!known) await this.#makeRoom();
    if (this.#isClosed) throw new AppError("learning-closed", `learning of ${name} was closed`);
    // Somebody else may have begun to open it meanwhile.
    const opening = known ?? this.#opening.get(id) ?? this.#begin(project);
    this.#opening.delete(id);
    this.#opening.set(id, opening);
    return opening.catch((error: unknown) => {
      // Who opened it tells; the others that waited for the same only hear of it.
      if (this.#opening.get(id) === opening) this.#fail(project, error);
      throw error;
    });
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
    await eachOpened(all, (project) => project.close());
  }

  async #begin(project: Project): Promise<ProjectLearning> {
    const { join, begin, onOpened } = this.#options;
    const learning = await join(project);
    this.#failed.delete(project.id);
    const opened = begin(project, learning);
    this.#open = [...this.#open, opened];
    if (this.#isDraining) await opened.drain();
    onOpened(opened);
    return opened;
  }

  #fail(project: Project, error: unknown): void {
    this.#opening.delete(project.id);
    if (this.#isClosed || codeOf(error) === "learning-closed") return;
    const failed = { project, error, atMs: this.#options.nowMs() };
    this.#failed.delete(project.id);
    this.#failed.set(project.id, failed);
    const [oldest] = this.#failed.keys();
    if (this.#failed.size > PROJECTS_MAX && oldest !== undefined) this.#failed.delete(oldest);
    this.#options.onFailed(failed);
  }

  /** The one that was needed least recently makes room. */
  async #makeRoom(): Promise<void> {
    const [oldest] = this.#opening.keys();
    if (this.#opening.size < PROJECTS_MAX || oldest === undefined) return;
    const leaving = this.#opening.get(oldest);
    this.#opening.delete(oldest);
    this.#open = this.#open.filter(({ project }) => project.id !== oldest);
    await (await leaving)?.close();
  }
}

async function eachOpened(
  opening: readonly Promise<ProjectLearning>[],
  work: (project: ProjectLearning) => Promise<void>,
): Promise<void> {
  await Promise.all(opening.map((each) => each.then(work).catch(() => undefined)));
}
