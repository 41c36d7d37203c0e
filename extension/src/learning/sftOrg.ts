/** Opens the user's own sft.org, the file whose saving teaches; made from the shipped one where there is none yet. */

import { join } from "node:path";
import * as vscode from "vscode";
import type { DaemonLink } from "../daemon/daemonLink.js";
import { showWarning } from "../showMessage.js";

export async function openSftOrg(link: DaemonLink, extensionUri: vscode.Uri): Promise<void> {
  const { state } = link;
  if (state.kind !== "running") {
    link.start();
    showWarning(vscode.l10n.t("Ouroboros is still starting; try again in a moment."));
    return;
  }
  const uri = vscode.Uri.file(join(state.daemon.home, "sft.org"));
  const template = vscode.Uri.joinPath(extensionUri, "media", "sft.org");
  try {
    // Refuses where one is already: it is never written over.
    await vscode.workspace.fs.copy(template, uri, { overwrite: false });
  } catch (error) {
    if (!(error instanceof vscode.FileSystemError) || error.code !== "FileExists") throw error;
  }
  await vscode.window.showTextDocument(uri, { preview: false });
}
