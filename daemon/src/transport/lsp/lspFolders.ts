/** The folders that one LSP client has open, and which of them a document lies in. */

import { z } from "zod";
import type { Where } from "../../assistant/assistant.js";
import { isWithin } from "../../base/pathWithin.js";
import { readUri } from "./documentUri.js";

/** See `InitializationOptions`; other clients' options are theirs. */
export const initializationSchema = z.object({ ownInlineCompletion: z.boolean().optional() });

/** A window with more folders than this is a program gone wrong; the rest is not told apart. */
const FOLDERS_MAX = 100;

interface FolderLike {
  readonly uri: string;
}

export class LspFolders {
  /** Their paths; of those that are not on this machine, their URIs. */
  #folders: readonly string[] = [];
  #elsewhere: readonly string[] = [];

  set(found: readonly FolderLike[], rootUri: string | null): void {
    this.#add(found.length === 0 && rootUri ? [{ uri: rootUri }] : found);
  }

  change(added: readonly FolderLike[], removed: readonly FolderLike[]): void {
    const gone = new Set(removed.map(({ uri }) => pathOf(uri) ?? uri));
    this.#folders = this.#folders.filter((folder) => !gone.has(folder));
    this.#elsewhere = this.#elsewhere.filter((uri) => !gone.has(uri));
    this.#add(added);
  }

  /** Where a document or folder lies; null: nobody says which, so it is the client's only folder, if it has but one. */
  whereIs(uri: string | null): Where {
    const meaning = uri === null ? ({ kind: "unsaved" } as const) : readUri(uri);
    switch (meaning.kind) {
      case "path":
        return this.#whereIsPath(meaning.path);
      case "unsaved":
        return { ...this.#anyFolder(), ...(meaning.name !== undefined && { path: meaning.name }) };
      case "elsewhere":
        return { file: null, folder: null, among: [] };
    }
  }

  #whereIsPath(path: string): Where {
    if (this.#folders.includes(path)) return { file: null, folder: path };
    // The innermost of nested folders.
    const [folder] = this.#folders.filter((each) => isWithin(each, path)).sort((a, b) => b.length - a.length);
    return folder === undefined ? { file: path, folder: null, among: this.#folders } : { file: path, folder };
  }

  #anyFolder(): Where {
    const [folder = null, ...others] = this.#folders;
    if (this.#elsewhere.length > 0) return { file: null, folder: null, among: [] };
    return others.length === 0 ? { file: null, folder } : { file: null, folder: null, among: this.#folders };
  }

  #add(found: readonly FolderLike[]): void {
    const paths = found.flatMap(({ uri }) => pathOf(uri) ?? []);
    const elsewhere = found.flatMap(({ uri }) => (pathOf(uri) === undefined ? uri : []));
    this.#folders = [...new Set([...this.#folders, ...paths])].slice(0, FOLDERS_MAX);
    this.#elsewhere = [...new Set([...this.#elsewhere, ...elsewhere])].slice(0, FOLDERS_MAX);
  }
}

function pathOf(uri: string): string | undefined {
  const meaning = readUri(uri);
  return meaning.kind === "path" ? meaning.path : undefined;
}
