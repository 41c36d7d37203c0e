/** The menu behind the status bar item: its state in one sentence, and the commands that fit. */

import * as vscode from "vscode";
import type { LinkState } from "../daemon/linkState.js";

interface MenuItem extends vscode.QuickPickItem {
  readonly command: string;
}

export async function showMenu(options: {
  readonly state: LinkState;
  readonly sentence: string;
}): Promise<void> {
  const { state, sentence } = options;
  const chosen = await vscode.window.showQuickPick(itemsFor(state), {
    title: "Ouroboros",
    placeHolder: sentence,
  });
  if (chosen) await vscode.commands.executeCommand(chosen.command);
}

function itemsFor(state: LinkState): readonly MenuItem[] {
  const { t } = vscode.l10n;
  const isPaused =
    state.kind === "running" && state.daemon.projects.some(({ learning }) => learning.kind === "paused");
  const pause: MenuItem = isPaused
    ? { label: `$(play) ${t("Resume Learning")}`, command: "ouroboros.resume" }
    : { label: `$(debug-pause) ${t("Pause Learning")}`, command: "ouroboros.pause" };
  const usual: readonly MenuItem[] = [
    { label: `$(comment-discussion) ${t("Open Chat")}`, command: "ouroboros.openChat" },
    { label: `$(list-unordered) ${t("Show What Was Learned")}`, command: "ouroboros.showLearned" },
    { label: `$(discard) ${t("Undo Last Learning")}`, command: "ouroboros.undo" },
    pause,
    { label: `$(book) ${t("Open sft.org")}`, command: "ouroboros.openSftOrg" },
    { label: `$(question) ${t("Why Is There No Suggestion?")}`, command: "ouroboros.doctor" },
    { label: `$(output) ${t("Show Log")}`, command: "ouroboros.showLog" },
  ];
  const restart: MenuItem = { label: `$(debug-restart) ${t("Restart")}`, command: "ouroboros.restart" };
  return state.kind === "failed" ? [restart, ...usual] : [...usual, restart];
}
