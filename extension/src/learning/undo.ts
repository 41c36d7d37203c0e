/** Takes back the newest correction of the active file's project, or a named one, and shows what came of it. */

import * as vscode from "vscode";
import { type UndoResult, undoResultSchema } from "../../../daemon/src/protocol/corrections.js";
import { REQUESTS } from "../../../daemon/src/protocol/methods.js";
import { activeUri } from "../daemon/activeUri.js";
import type { DaemonLink } from "../daemon/daemonLink.js";
import { showError } from "../showMessage.js";

export class Undo implements vscode.Disposable {
  readonly #link: DaemonLink;
  readonly #undone = new vscode.EventEmitter<string>();

  /** The id of a correction that was taken back. */
  readonly onDidUndo = this.#undone.event;

  constructor(link: DaemonLink) {
    this.#link = link;
  }

  /** Without an id: the newest. Resolves when the result is shown, also that nothing could be taken back. */
  async takeBack(correctionId?: string): Promise<void> {
    try {
      const undone = await this.#link.request({
        method: REQUESTS.undo,
        params: { uri: activeUri(), ...(correctionId === undefined ? {} : { correctionId }) },
        answer: undoResultSchema,
      });
      this.#undone.fire(undone.correctionId);
      void vscode.window.showInformationMessage(undoneMessage(undone));
    } catch (error) {
      showError(error);
    }
  }

  dispose(): void {
    this.#undone.dispose();
  }
}

function undoneMessage({ wanted, lost, restored }: UndoResult): string {
  const { l10n } = vscode;
  if (lost.length > 0) {
    return l10n.t(
      "Taken back; later corrections that could not be learned again without it: {0}.",
      lost.length,
    );
  }
  if (restored.length > 0) return l10n.t("Taken back; what was taught here before holds again.");
  return wanted === ""
    ? l10n.t("Taken back: here suggestions are made again.")
    : l10n.t("Taken back: {0}", `\`${wanted}\``);
}
