/** The folders that one LSP client has open, and what its URIs mean on this machine. */

import { fileURLToPath } from "node:url";
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

export class LspFolders {
  #folders: readonly string[] = [];

  set(found: readonly FolderLike[], rootUri: string | null): void {
    this.#add(found.length === 0 && rootUri ? [{ uri: rootUri }] : found);
  }

  change(added: readonly FolderLike[], removed: readonly FolderLike[]): void {
    const gone = new Set(removed.map(({ uri }) => pathOf(uri)));
    this.#folders = this.#folders.filter((folder) => !gone.has(folder));
    this.#add(added);
  }

  /** Where a document or folder lies; null asks for the client's first folder. */
  whereIs(uri: string | null): Where {
    const path = uri === null ? undefined : pathOf(uri);
    if (path === undefined) return { file: null, folder: this.#folders[0] ?? null };
    if (this.#folders.includes(path)) return { file: null, folder: path };
    // The innermost of nested folders.
    const around = this.#folders
      .filter((folder) => isWithin(folder, path))
      .sort((a, b) => b.length - a.length);
    return { file: path, folder: around[0] ?? null };
  }

  #add(found: readonly FolderLike[]): void {
    const paths = found.flatMap(({ uri }) => pathOf(uri) ?? []);
    this.#folders = [...new Set([...this.#folders, ...paths])].slice(0, FOLDERS_MAX);
  }
}

/** Only files lie on this machine; `untitled:` and the like belong to the client's folder. */
function pathOf(uri: string): string | undefined {
  try {
    return uri.startsWith("file:") ? fileURLToPath(uri) : undefined;
  } catch {
    return undefined;
  }
}
