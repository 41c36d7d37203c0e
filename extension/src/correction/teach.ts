/**
 * Hands a correction to the daemon and shows at once that it is kept; what came of training it, the learning
 * notifier shows later. In a folder that the user does not trust nothing is taught: its text could be made to be learned.
 */

import * as vscode from "vscode";
import { type CorrectParams, correctResultSchema } from "../../../daemon/src/protocol/corrections.js";
import { REQUESTS } from "../../../daemon/src/protocol/methods.js";
import type { DaemonLink } from "../daemon/daemonLink.js";
import { showError, showWarning } from "../showMessage.js";
import { askAboutSecret, isAboutSecret } from "./secretQuestion.js";

/** How long the status bar shows that it was kept; by then it shows the training itself. */
const KEPT_MS = 3_000;

/** Resolves to the correction's id, or to undefined when it was refused or given up; the user has been shown why. */
export async function teach(link: DaemonLink, params: CorrectParams): Promise<string | undefined> {
  if (!vscode.workspace.isTrusted) {
    showWarning(vscode.l10n.t("In a folder that you do not trust nothing is learned; trust it first."));
    return undefined;
  }
  try {
    const kept = await link.request({ method: REQUESTS.correct, params, answer: correctResultSchema });
    vscode.window.setStatusBarMessage(`$(check) ${vscode.l10n.t("Kept, and being learned")}`, KEPT_MS);
    return kept.correctionId;
  } catch (error) {
    if (isAboutSecret(error) && params.secrets === undefined) {
      const secrets = await askAboutSecret(error);
      return secrets && teach(link, { ...params, secrets });
    }
    showError(error);
    return undefined;
  }
}
