/** Shows people a sentence that answers what they have just asked for, in the editor's language. */

import * as vscode from "vscode";
import { errorMessage, type Translate } from "./messages.js";

export const translate: Translate = (message, ...values) => vscode.l10n.t(message, ...values);

export function showWarning(message: string): void {
  // Not awaited: a notification stays for as long as the user likes.
  void vscode.window.showWarningMessage(message);
}

export function showError(error: unknown): void {
  showWarning(errorMessage(error));
}
