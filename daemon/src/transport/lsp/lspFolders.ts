/** The folders that one LSP client has open, and what its URIs mean on this machine. */

import { fileURLToPath, pathToFileURL } from "node:url";
import { z } from "zod";
import type { Where } from "../../assistant/assistant.js";
import { isWithin } from "../../base/pathWithin.js";

/** See `InitializationOptions`; other clients' options are theirs. */
export const initializationSchema = z.object({ ownInlineCompletion: z.boolean().optional() });

/** A window with more folders than this is a program gone wrong; the rest is not told apart. */
const FOLDERS_MAX = 100;

interface FolderLike {
  readonly uri: string;
}

export function createFolders() {
  let folders: readonly string[] = [];
  const add = (found: readonly FolderLike[]) => {
    const paths = found.flatMap(({ uri }) => pathOf(uri) ?? []);
    folders = [...new Set([...folders, ...paths])].slice(0, FOLDERS_MAX);
  };
  return {
    set(found: readonly FolderLike[], rootUri: string | null) {
      add(found.length === 0 && rootUri ? [{ uri: rootUri }] : found);
    },
    change(added: readonly FolderLike[], removed: readonly FolderLike[]) {
      const gone = new Set(removed.map(({ uri }) => pathOf(uri)));
      folders = folders.filter((folder) => !gone.has(folder));
      add(added);
    },
    /** Of a document or folder; null: of the client's first folder. */
    whereIs(uri: string | null): Where {
      const path = uri === null ? undefined : pathOf(uri);
      const first = folders[0] ?? null;
      if (path === undefined) return { file: null, folder: first };
      if (folders.includes(path)) return { file: null, folder: path };
      // The innermost of nested folders.
      const around = folders.filter((folder) => isWithin(folder, path)).sort((a, b) => b.length - a.length);
      return { file: path, folder: around[0] ?? null };
    },
  };
}

export function uriOf(path: string): string {
  return pathToFileURL(path).href;
}

/** Only files lie on this machine; `untitled:` and the like belong to the client's folder. */
function pathOf(uri: string): string | undefined {
  try {
    return uri.startsWith("file:") ? fileURLToPath(uri) : undefined;
  } catch {
    return undefined;
  }
}
