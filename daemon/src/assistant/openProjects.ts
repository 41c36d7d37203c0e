/** The projects that are open with one loaded model: each is opened once, when first needed. */

import { AppError } from "../base/errors.js";
import type { Learning } from "../learning/learning.js";
import { describeNotice } from "../learning/notices.js";
import type { Project } from "../store/project.js";
import type { ProjectLearning } from "./projectLearning.js";

/** A person works in a few projects; a program that walks a disk must not open them all. */
const PROJECTS_MAX = 64;

interface OpenProjectsOptions {
  readonly join: (project: Project) => Promise<Learning>;
  readonly begin: (project: Project, learning: Learning) => ProjectLearning;
  /** There may be something for it to learn. */
  readonly onOpened: (project: ProjectLearning) => void;
}

export class OpenProjects {
  readonly #options: OpenProjectsOptions;
  /** By id. A Map keeps the order of insertion: its first key is the one unused for longest. */
  readonly #opening = new Map<string, Promise<ProjectLearning>>();
  #open: readonly ProjectLearning[] = [];
  /** By the project's id. */
  readonly #notices = new Map<string, readonly string[]>();
  #isDraining = false;
  #isClosed = false;

  constructor(options: OpenProjectsOptions) {
    this.#options = options;
  }

  /** Those that are open by now, in the order in which they were first needed. */
  get all(): readonly ProjectLearning[] {
    return this.#open;
  }

  /** Sentences about what was found wrong when they were opened. */
  get notices(): readonly string[] {
    return [...this.#notices.values()].flat();
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
      this.#opening.delete(id);
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
    this.#notices.clear();
    await eachOpened(all, (project) => project.close());
  }

  async #begin(project: Project): Promise<ProjectLearning> {
    const { join, begin, onOpened } = this.#options;
    const learning = await join(project);
    const notices = learning.notices.map((notice) => `${project.name}: ${describeNotice(notice)}`);
    this.#notices.set(project.id, notices);
    const opened = begin(project, learning);
    this.#open = [...this.#open, opened];
    if (this.#isDraining) await opened.drain();
    onOpened(opened);
    return opened;
  }

  /** The one that was needed least recently makes room. */
  async #makeRoom(): Promise<void> {
    const [oldest] = this.#opening.keys();
    if (this.#opening.size < PROJECTS_MAX || oldest === undefined) return;
    const leaving = this.#opening.get(oldest);
    this.#opening.delete(oldest);
    this.#open = this.#open.filter(({ project }) => project.id !== oldest);
    this.#notices.delete(oldest);
    await (await leaving)?.close();
  }
}

async function eachOpened(
  opening: readonly Promise<ProjectLearning>[],
  work: (project: ProjectLearning) => Promise<void>,
): Promise<void> {
  await Promise.all(opening.map((each) => each.then(work).catch(() => undefined)));
}
