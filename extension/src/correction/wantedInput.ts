/**
 * Asks what should have been written, in an input box that holds what was proposed: Enter teaches, an emptied box
 * teaches that nothing belongs there, Escape leaves everything as it is. A text of several lines does not fit into the
 * box and opens in an editor instead; a button does the same for any text.
 */

import * as vscode from "vscode";

/** Longer titles are cut by VS Code in the middle of what matters. */
const TITLE_TEXT_MAX = 50;

type Answer = string | undefined;

/** Resolves to what should stand there; undefined: the user changed their mind. */
export function askWanted(question: {
  readonly proposed: string;
  /** Asks in an editor that begins with `draft`. */
  readonly inEditor: (draft: string) => Promise<Answer>;
}): Promise<Answer> {
  const { proposed, inEditor } = question;
  if (/[\r\n]/.test(proposed.trimEnd())) return inEditor(proposed);
  const { l10n } = vscode;
  const box = vscode.window.createInputBox();
  const toEditor: vscode.QuickInputButton = {
    iconPath: new vscode.ThemeIcon("edit"),
    tooltip: l10n.t("Write it in an editor"),
  };
  box.title = l10n.t("Instead of {0}", `\`${shortened(proposed)}\``);
  box.prompt = l10n.t("What should stand there? Empty: nothing should be suggested here.");
  box.placeholder = l10n.t("Nothing should be suggested here");
  box.value = proposed;
  box.buttons = [toEditor];
  return new Promise((resolve) => {
    const end = (answer: Answer | Promise<Answer>) => {
      resolve(answer);
      box.dispose();
    };
    box.onDidAccept(() => end(box.value));
    // The editor opens once the box is gone, which gives the focus back.
    box.onDidTriggerButton(() => end(Promise.resolve(box.value).then(inEditor)));
    // Also after the other two, when it comes too late to matter.
    box.onDidHide(() => end(undefined));
    box.show();
  });
}

function shortened(text: string): string {
  const line = text.trim();
  return line.length > TITLE_TEXT_MAX ? `${line.slice(0, TITLE_TEXT_MAX)}…` : line;
}
