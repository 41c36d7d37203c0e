/**
 * The figures by which the tree's order is judged, counted from the sources. `figures.test.ts` prints them and holds
 * their limits.
 */

import type { ExportedType } from "./rules.js";
import { type Import, importsOf, type SourceText } from "./sourceTree.js";

/** First part of a path below `base`: a folder, or a file that lies loose in it. */
function partOf(base: string, path: string): string {
  return path.slice(base.length + 1).split("/")[0] ?? path;
}

interface FolderGraph {
  /** Folders and loose files. */
  readonly parts: readonly string[];
  /** `a -> b`: some file of `a` imports one of `b`. */
  readonly arrows: readonly string[];
}

export function folderGraph(base: string, files: readonly SourceText[]): FolderGraph {
  const inside = files.filter(({ path }) => path.startsWith(`${base}/`));
  const parts = new Set(inside.map(({ path }) => partOf(base, path)));
  const arrows = new Set<string>();
  for (const { from, target } of inside.flatMap(importsOf)) {
    if (!target.startsWith(`${base}/`)) continue;
    const [a, b] = [partOf(base, from), partOf(base, target)];
    if (a !== b) arrows.add(`${a} -> ${b}`);
  }
  return { parts: [...parts].sort(), arrows: [...arrows].sort() };
}

export function linesOf(files: readonly SourceText[]): number {
  return files.reduce((sum, { text }) => sum + text.split("\n").length - 1, 0);
}

/** The folder that a type's home and its users are told apart by: of daemon/src one level, else the package's folder. */
function homeOf(path: string): string {
  const [package_ = "", folder = "", part = ""] = path.split("/");
  return package_ === "daemon" && folder === "src" ? `${package_}/${part}` : `${package_}/${folder}`;
}

/** Types whose name matches, and that some file of another folder imports. */
export function typesAcrossFolders(
  types: readonly ExportedType[],
  imports: readonly Import[],
  pattern: RegExp,
): readonly string[] {
  return types
    .filter(({ name }) => pattern.test(name))
    .filter(({ name, path }) =>
      imports.some(
        (each) => each.target === path && each.name === name && homeOf(each.from) !== homeOf(path),
      ),
    )
    .map(({ name }) => name)
    .sort();
}

/** The names of a list `A` → `B` → … in a text, that stands after `title`. */
export function namesListed(text: string, title: string): readonly string[] {
  const [, list = ""] = text.split(title);
  const [paragraph = ""] = list.split(/\n\n/);
  return [...paragraph.matchAll(/`(\w+)`(?=\s*(?:→|\(|,|\.|$))/g)].map(([, name = ""]) => name);
}
