/** The state of the window's connection to the daemon, as one value, and which project of the daemon's a file belongs to. Pure. */

import type { DaemonState, ProjectState } from "../../../daemon/src/protocol/state.js";

export type LinkState =
  /** Nothing has needed the daemon yet. */
  | { readonly kind: "idle" }
  | { readonly kind: "starting" }
  | { readonly kind: "running"; readonly daemon: DaemonState }
  /** It ended unasked and is started again. */
  | { readonly kind: "restarting" }
  /** It is not tried any more until the user says so. One sentence. */
  | { readonly kind: "failed"; readonly message: string };

/** The innermost project around `path`; of a document that is no file, the first. */
export function projectOf(daemon: DaemonState, path: string | undefined): ProjectState | undefined {
  if (path === undefined) return daemon.projects[0];
  const around = daemon.projects.filter(({ folder }) => isWithin(folder, path));
  around.sort((a, b) => b.folder.length - a.folder.length);
  return around[0];
}

function isWithin(folder: string, path: string): boolean {
  const bare = folder.replace(/[/\\]$/, "");
  return path === bare || (path.startsWith(bare) && /[/\\]/.test(path[bare.length] ?? ""));
}
