/**
 * Asks what should have been written, in an input box that holds what was proposed: Enter teaches, an emptied box
 * teaches that nothing belongs there, Escape leaves everything as it is. A text of several lines does not fit into the
 * box and opens in an editor instead; a button does the same for any text.
 */

import * as vscode from "vscode";

export type WantedInput =
  | { readonly kind: "wanted"; readonly text: string }
  | { readonly kind: "in-editor"; readonly text: string }
  | { readonly kind: "cancelled" };

/** Longer titles are cut by VS Code in the middle of what matters. */
const TITLE_TEXT_MAX = 50;

export function askWanted(proposed: string): Promise<WantedInput> {
  if (/[\r\n]/.test(proposed.trimEnd())) return Promise.resolve({ kind: "in-editor", text: proposed });
  const { l10n } = vscode;
  const box = vscode.window.createInputBox();
  const inEditor: vscode.QuickInputButton = {
    iconPath: new vscode.ThemeIcon("edit"),
    tooltip: l10n.t("Write it in an editor"),
  };
  box.title = l10n.t("Instead of {0}", `\`${shortened(proposed)}\``);
  box.prompt = l10n.t("What should stand there? Empty: nothing should be suggested here.");
  box.placeholder = l10n.t("Nothing should be suggested here");
  box.value = proposed;
  box.buttons = [inEditor];
  return new Promise((resolve) => {
    const end = (result: WantedInput) => {
      resolve(result);
      box.dispose();
    };
    box.onDidAccept(() => end({ kind: "wanted", text: box.value }));
    box.onDidTriggerButton(() => end({ kind: "in-editor", text: box.value }));
    // Also after the other two, when it comes too late to matter.
    box.onDidHide(() => end({ kind: "cancelled" }));
    box.show();
  });
}

function shortened(text: string): string {
  const line = text.trim();
  return line.length > TITLE_TEXT_MAX ? `${line.slice(0, TITLE_TEXT_MAX)}…` : line;
}
