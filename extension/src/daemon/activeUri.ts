/** Which file or folder a request is about: the active editor's, else the window's first folder, else none. */

import * as vscode from "vscode";

export function activeUri(): string | null {
  const document = vscode.window.activeTextEditor?.document;
  if (document?.uri.scheme === "file") return document.uri.toString();
  return vscode.workspace.workspaceFolders?.[0]?.uri.toString() ?? null;
}

/** The path of the active editor's file; undefined when it shows none. */
export function activePath(): string | undefined {
  const uri = vscode.window.activeTextEditor?.document.uri;
  if (uri?.scheme === "file") return uri.fsPath;
  return vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
}
