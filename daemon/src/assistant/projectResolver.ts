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

export interface Whereabouts {
  placeOf(where: Where): Promise<Place>;
}

/** The name that text without a file goes by: the model was trained on texts that all had one. */
const UNNAMED_PATH = "src/main.ts";
/** Looking up the tree costs a few system calls per folder; a folder that becomes a clone is noticed after this. */
const REMEMBERED_MS = 10_000;
const REMEMBERED_MAX = 1000;

/** `homeFolder`: the project of what belongs to no folder. `nowMs` is a monotonic clock. */
export function createWhereabouts(options: {
  readonly homeFolder: string;
  readonly nowMs: () => number;
}): Whereabouts {
  const { homeFolder, nowMs } = options;
  const known = new NewestMap<string, { readonly project: Promise<Project>; readonly untilMs: number }>(
    REMEMBERED_MAX,
  );
  const remembered = (key: string, find: () => Promise<Project>) => {
    const found = known.get(key);
    if (found && found.untilMs > nowMs()) return found.project;
    const project = find();
    project.catch(() => known.delete(key));
    known.set(key, { project, untilMs: nowMs() + REMEMBERED_MS });
    return project;
  };
  return {
    async placeOf({ file, folder }) {
      if (file === null) {
        const project = await remembered(folder ?? "", () => projectOf(folder ?? homeFolder));
        return { project, path: UNNAMED_PATH };
      }
      const start = dirname(file);
      const isInside = folder !== null && isWithin(folder, file);
      const project = await remembered(`${start}\n${isInside ? folder : ""}`, async () =>
        projectOf(await nearestFolder(start), isInside ? folder : undefined),
      );
      return { project, path: pathIn(project.folder, file) };
    },
  };
}

/** A project's folder is free of symbolic links and the file's path may not be; then its last names must do. */
function pathIn(folder: string, file: string): string {
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
