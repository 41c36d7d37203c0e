/** From a document or folder to its Project, and to the path by which prompts name the document. */

import { stat } from "node:fs/promises";
import { dirname, sep } from "node:path";
import { NewestMap } from "../base/newestMap.js";
import { isWithin, pathWithin } from "../base/pathWithin.js";
import { type Project, projectOf } from "../store/project.js";
import type { Where } from "./assistant.js";

export interface Place {
  readonly project: Project;
  /** Within the project, `/` between names. */
  readonly path: string;
}

/** The name that text without a file goes by: the model was trained on texts that all had one. */
export const UNNAMED_PATH = "src/main.ts";
/** Looking up the tree costs a few system calls per folder; a folder that becomes a clone is noticed after this. */
const REMEMBERED_MS = 10_000;
const REMEMBERED_MAX = 1000;

interface Remembered {
  readonly project: Promise<Project>;
  readonly untilMs: number;
}

export class ProjectResolver {
  readonly #homeFolder: string;
  readonly #nowMs: () => number;
  readonly #known = new NewestMap<string, Remembered>(REMEMBERED_MAX);

  /** `homeFolder`: the project of what belongs to no folder. `nowMs` is a monotonic clock. */
  constructor(options: { readonly homeFolder: string; readonly nowMs: () => number }) {
    this.#homeFolder = options.homeFolder;
    this.#nowMs = options.nowMs;
  }

  async placeOf({ file, folder, path = UNNAMED_PATH }: Where): Promise<Place> {
    if (file === null) {
      const project = await this.#remembered(folder ?? "", () => projectOf(folder ?? this.#homeFolder));
      return { project, path };
    }
    const start = dirname(file);
    const isInside = folder !== null && isWithin(folder, file);
    const project = await this.#remembered(`${start}\n${isInside ? folder : ""}`, async () =>
      projectOf(await nearestFolder(start), isInside ? folder : undefined),
    );
    return { project, path: pathIn(project.folder, file) };
  }

  #remembered(key: string, find: () => Promise<Project>): Promise<Project> {
    const known = this.#known.get(key);
    if (known && known.untilMs > this.#nowMs()) return known.project;
    const project = find();
    project.catch(() => this.#known.delete(key));
    this.#known.set(key, { project, untilMs: this.#nowMs() + REMEMBERED_MS });
    return project;
  }
}

/** A project's folder is free of symbolic links and the file's path may not be; then its last names must do. */
export function pathIn(folder: string, file: string): string {
  return isWithin(folder, file) ? pathWithin(folder, file) : file.split(sep).slice(-2).join("/");
}

/** A new file's folder may not exist yet. */
async function nearestFolder(start: string): Promise<string> {
  let folder = start;
  while (!(await stat(folder).catch(() => undefined))?.isDirectory()) {
    const parent = dirname(folder);
    if (parent === folder) return folder;
    folder = parent;
  }
  return folder;
}
