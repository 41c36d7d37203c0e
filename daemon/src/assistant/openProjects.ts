/** The projects that are open with one loaded model: each is opened once, when first needed. */

import { AppError } from "../base/errors.js";
import type { Learning } from "../learning/learning.js";
import { describeNotice } from "../learning/notices.js";
import type { Project } from "../store/project.js";
import type { ProjectLearning } from "./projectLearning.js";

/** A person works in a few projects; a program that walks a disk must not open them all. */
const PROJECTS_MAX = 64;

export interface OpenProjects {
  /** Throws what opening throws; the next call tries again. After closeAll() it throws `learning-closed`. */
  open(project: Project): Promise<ProjectLearning>;
  /** Those that are open by now, in the order in which they were first needed. */
  readonly lines: readonly ProjectLearning[];
  /** Sentences about what was found wrong when they were opened. */
  readonly notices: readonly string[];
  /** No lesson begins any more; resolves when those in training have ended. */
  drain(): Promise<void>;
  closeAll(): Promise<void>;
}

export function createOpenProjects(options: {
  readonly join: (project: Project) => Promise<Learning>;
  readonly lineOf: (project: Project, learning: Learning) => ProjectLearning;
  /** A line was opened: there may be something for it to learn. */
  readonly onOpened: (line: ProjectLearning) => void;
}): OpenProjects {
  const { join, lineOf, onOpened } = options;
  const opening = new Map<string, Promise<ProjectLearning>>();
  let lines: readonly ProjectLearning[] = [];
  const notices = new Map<string, readonly string[]>();
  let isDraining = false;
  let isClosed = false;

  async function begin(project: Project): Promise<ProjectLearning> {
    const learning = await join(project);
    notices.set(
      project.id,
      learning.notices.map((notice) => `${project.name}: ${describeNotice(notice)}`),
    );
    const line = lineOf(project, learning);
    lines = [...lines, line];
    if (isDraining) await line.drain();
    onOpened(line);
    return line;
  }

  /** The one that was needed least recently makes room. */
  async function makeRoom(): Promise<void> {
    const [oldest] = opening.keys();
    if (opening.size < PROJECTS_MAX || oldest === undefined) return;
    const line = opening.get(oldest);
    opening.delete(oldest);
    lines = lines.filter((each) => each.project.id !== oldest);
    notices.delete(oldest);
    await line?.then((each) => each.close());
  }

  return {
    async open(project) {
      const known = opening.get(project.id);
      if (!known) await makeRoom();
      if (isClosed) throw new AppError("learning-closed", `learning of ${project.name} was closed`);
      // Somebody else may have begun to open it meanwhile.
      const line = known ?? opening.get(project.id) ?? begin(project);
      // A Map keeps the order of insertion: its first key is the one unused for longest.
      opening.delete(project.id);
      opening.set(project.id, line);
      return line.catch((error: unknown) => {
        opening.delete(project.id);
        throw error;
      });
    },
    get lines() {
      return lines;
    },
    get notices() {
      return [...notices.values()].flat();
    },
    async drain() {
      isDraining = true;
      const opened = [...opening.values()];
      await Promise.all(opened.map((line) => line.then((each) => each.drain()).catch(() => undefined)));
    },
    async closeAll() {
      isClosed = true;
      const all = [...opening.values()];
      opening.clear();
      lines = [];
      notices.clear();
      await Promise.all(all.map((line) => line.then((each) => each.close()).catch(() => undefined)));
    },
  };
}
