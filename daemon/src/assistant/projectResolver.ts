/** From a document or folder to its Project, and to the path by which prompts name the document. */

import { realpath, stat } from "node:fs/promises";
import { basename, dirname, join, relative, sep } from "node:path";
import { AppError } from "../base/errors.js";
import { NewestMap } from "../base/memory/newestMap.js";
import { isWithin, pathWithin } from "../base/pathWithin.js";
import { type Project, projectOf } from "../store/project.js";
import type { Where } from "./assistant.js";
import { documentName } from "./documentName.js";

export interface Place {
  /** Undefined where it would be a guess: the base answers there, and nothing is taught. */
  readonly project: Project | undefined;
  /** Within the project, `/` between names. */
  readonly path: string;
}
type SurePlace = Place & { readonly project: Project };

/** Looking up the tree costs a few system calls per folder; a folder that becomes a clone is noticed after this. */
const REMEMBERED_MS = 10_000;
const REMEMBERED_MAX = 1000;
/** Folders that a sentence names. */
const NAMED_MAX = 3;

interface Found {
  readonly project: Project;
  /** The nearest folder there is, by its own name and free of symbolic links. */
  readonly folder: string;
  readonly realFolder: string;
}

interface Remembered {
  readonly found: Promise<Found>;
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

  async placeOf(where: Where): Promise<Place> {
    const { file, folder, among, path, language } = where;
    if (file !== null) return this.#placeOfFile({ ...where, file });
    const project = among
      ? await this.#onlyProjectOf(among)
      : await this.#projectOfFolder(folder ?? this.#homeFolder);
    return { project, path: documentName(path, language) };
  }

  /** Throws `project-unclear`. */
  async surePlaceOf(where: Where): Promise<SurePlace> {
    const { project, path } = await this.placeOf(where);
    if (project) return { project, path };
    throw new AppError("project-unclear", unclear(where.among ?? []));
  }

  async #placeOfFile({ file, folder, among = [], language }: Where & { file: string }): Promise<Place> {
    const start = dirname(file);
    const inside = folder !== null && isWithin(folder, file) ? folder : undefined;
    const around = inside === undefined ? among : [];
    const key = [start, inside ?? "", ...around].join("\n");
    const { project, ...found } = await this.#remembered(key, async () => {
      const nearest = await nearestFolder(start);
      const realFolder = await realpath(nearest);
      const otherwise = inside ?? (await innermostAround(realFolder, around));
      return { project: await projectOf(nearest, otherwise), folder: nearest, realFolder };
    });
    const real = join(found.realFolder, relative(found.folder, file));
    const isLinkedAway = inside !== undefined && !isWithin(project.folder, real);
    const path = isLinkedAway ? pathWithin(inside, file) : pathIn(project.folder, real);
    return { project, path: documentName(path, language) };
  }

  async #projectOfFolder(folder: string): Promise<Project> {
    const { project } = await this.#remembered(folder, async () => ({
      project: await projectOf(folder),
      folder,
      realFolder: folder,
    }));
    return project;
  }

  /** Folders of one clone are one project; of one that has gone nothing is known. */
  async #onlyProjectOf(folders: readonly string[]): Promise<Project | undefined> {
    const projects = await Promise.all(
      folders.map((folder) => this.#projectOfFolder(folder).catch(() => undefined)),
    );
    const [first] = projects;
    return projects.every((each) => each?.id === first?.id) ? first : undefined;
  }

  #remembered(key: string, find: () => Promise<Found>): Promise<Found> {
    const known = this.#known.get(key);
    if (known && known.untilMs > this.#nowMs()) return known.found;
    const found = find();
    found.catch(() => this.#known.delete(key));
    this.#known.set(key, { found, untilMs: this.#nowMs() + REMEMBERED_MS });
    return found;
  }
}

/** A project's folder is free of symbolic links and the file's path may not be; then its last names must do. */
export function pathIn(folder: string, file: string): string {
  return isWithin(folder, file) ? pathWithin(folder, file) : file.split(sep).slice(-2).join("/");
}

function unclear(folders: readonly string[]): string {
  if (folders.length === 0) {
    return "this is no file of a folder on this machine, so nothing says which project it belongs to; save it in one and do this there";
  }
  const names = folders.slice(0, NAMED_MAX).map((folder) => basename(folder));
  const more = folders.length > NAMED_MAX ? ", …" : "";
  return `nothing says which of the open folders this belongs to (${names.join(", ")}${more}); save it in one of them, or open a file there, and do this again`;
}

/** Of `folders` the innermost that leads to `real` or around it, whatever its own name is. */
async function innermostAround(real: string, folders: readonly string[]): Promise<string | undefined> {
  const targets = await Promise.all(folders.map((folder) => realpath(folder).catch(() => undefined)));
  const [innermost] = targets
    .flatMap((target) => (target !== undefined && (target === real || isWithin(target, real)) ? target : []))
    .sort((a, b) => b.length - a.length);
  return innermost;
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
