/**
 * Asks what should have been written, in an editor beside what was proposed. Saving teaches what then stands on the
 * right; closing without saving changes nothing. The documents live in memory and are gone with their tab.
 */

import * as vscode from "vscode";

/** The URI scheme of both sides; menus and keybindings name it too. */
export const CORRECTION_SCHEME = "ouroboros-correction";
/** Open corrections; more are never written at once. */
const OPEN_MAX = 20;

interface OpenCorrection {
  content: Uint8Array;
  mtime: number;
  readonly isWritable: boolean;
  readonly settle: (wanted: string | undefined) => void;
}

export class WantedEditor implements vscode.FileSystemProvider, vscode.Disposable {
  readonly #open = new Map<string, OpenCorrection>();
  readonly #changed = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
  readonly #disposables: vscode.Disposable[] = [];
  #count = 0;

  readonly onDidChangeFile = this.#changed.event;

  constructor() {
    this.#disposables.push(
      vscode.workspace.registerFileSystemProvider(CORRECTION_SCHEME, this, { isCaseSensitive: true }),
      // Not already while it is written: VS Code would take the tab for unsaved when it is closed.
      vscode.workspace.onDidSaveTextDocument((document) => this.#saved(document)),
      vscode.window.tabGroups.onDidChangeTabs(({ closed }) => this.#tabsClosed(closed)),
      this.#changed,
    );
  }

  /** Resolves to what was saved; undefined when the tab was closed without that. */
  async ask(question: {
    readonly proposed: string;
    /** What the right side begins with. */
    readonly draft: string;
    /** Name of the document that it is about: the editor colours both sides like it. */
    readonly fileName: string;
  }): Promise<string | undefined> {
    const { proposed, draft, fileName } = question;
    if (this.#open.size >= 2 * OPEN_MAX) return undefined;
    this.#count += 1;
    const uri = (side: string) =>
      vscode.Uri.from({ scheme: CORRECTION_SCHEME, path: `/${this.#count}/${side}/${fileName}` });
    const [left, right] = [uri("proposed"), uri("wanted")];
    const wanted = new Promise<string | undefined>((settle) => {
      this.#add(left, { text: proposed, isWritable: false, settle });
      this.#add(right, { text: draft, isWritable: true, settle });
    });
    const title = vscode.l10n.t("{0}: proposed ↔ wanted (save to teach)", fileName);
    await vscode.commands.executeCommand("vscode.diff", left, right, title, { preview: false });
    const answer = await wanted;
    if (answer !== undefined) await closeDiff(right);
    this.#open.delete(left.toString());
    this.#open.delete(right.toString());
    // Editors like to end a file with a line break; a suggestion rarely does.
    return proposed.endsWith("\n") ? answer : answer?.replace(/\r?\n$/, "");
  }

  #add(
    uri: vscode.Uri,
    { text, isWritable, settle }: Pick<OpenCorrection, "isWritable" | "settle"> & { readonly text: string },
  ): void {
    const content = new TextEncoder().encode(text);
    this.#open.set(uri.toString(), { content, mtime: Date.now(), isWritable, settle });
  }

  #saved(document: vscode.TextDocument): void {
    this.#open.get(document.uri.toString())?.settle(document.getText());
  }

  #tabsClosed(closed: readonly vscode.Tab[]): void {
    for (const { input } of closed) {
      if (input instanceof vscode.TabInputTextDiff) {
        this.#open.get(input.modified.toString())?.settle(undefined);
      }
    }
  }

  #find(uri: vscode.Uri): OpenCorrection {
    const found = this.#open.get(uri.toString());
    if (!found) throw vscode.FileSystemError.FileNotFound(uri);
    return found;
  }

  stat(uri: vscode.Uri): vscode.FileStat {
    const { content, mtime, isWritable } = this.#find(uri);
    const stat = { type: vscode.FileType.File, ctime: 0, mtime, size: content.length };
    return isWritable ? stat : { ...stat, permissions: vscode.FilePermission.Readonly };
  }

  readFile(uri: vscode.Uri): Uint8Array {
    return this.#find(uri).content;
  }

  writeFile(uri: vscode.Uri, content: Uint8Array): void {
    const found = this.#find(uri);
    if (!found.isWritable) throw vscode.FileSystemError.NoPermissions(uri);
    found.content = content;
    found.mtime = Date.now();
  }

  watch(): vscode.Disposable {
    return new vscode.Disposable(() => undefined);
  }

  readDirectory(): [string, vscode.FileType][] {
    return [];
  }

  createDirectory(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  delete(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  rename(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  dispose(): void {
    for (const { settle } of this.#open.values()) settle(undefined);
    for (const disposable of this.#disposables) disposable.dispose();
  }
}

/** The editor of a correction that was taught leaves nothing behind. */
async function closeDiff(modified: vscode.Uri): Promise<void> {
  const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
  const tab = tabs.find(
    ({ input }) =>
      input instanceof vscode.TabInputTextDiff && input.modified.toString() === modified.toString(),
  );
  if (tab) await vscode.window.tabGroups.close(tab);
}
