/**
 * Which document a request is about: the active editor's; null where that shows none that could be taught from. What null
 * or an unsaved text means among several folders the daemon decides, and says why it teaches nothing there.
 */

import * as vscode from "vscode";

export function activeUri(): string | null {
  const document = vscode.window.activeTextEditor?.document;
  const isTaught = document !== undefined && ["file", "untitled"].includes(document.uri.scheme);
  return isTaught ? document.uri.toString() : null;
}

/** The path of the active editor's file; undefined when it shows none. */
export function activePath(): string | undefined {
  const uri = vscode.window.activeTextEditor?.document.uri;
  if (uri?.scheme === "file") return uri.fsPath;
  return vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
}
