/** Whether one path lies inside another, and its name there. Pure: asks no file system, follows no links. */

import { isAbsolute, relative, sep } from "node:path";

/** A folder does not lie within itself. Both paths are absolute. */
export function isWithin(folder: string, path: string): boolean {
  const inside = relative(folder, path);
  // On another drive of Windows no relative path leads there.
  return inside !== "" && inside.split(sep)[0] !== ".." && !isAbsolute(inside);
}

/** The path from `folder` on, `/` between names. */
export function pathWithin(folder: string, path: string): string {
  return relative(folder, path).split(sep).join("/");
}
