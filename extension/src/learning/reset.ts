/**
 * *Reset This Project's Learning*: shows what would be taken back, asks in a dialog, and says what came of it, with a
 * button that gives everything back.
 */

import * as vscode from "vscode";
import {
  type ResetAction,
  type ResetResult,
  resetResultSchema,
} from "../../../daemon/src/protocol/corrections.js";
import { REQUESTS } from "../../../daemon/src/protocol/methods.js";
import { activeUri } from "../daemon/activeUri.js";
import type { DaemonLink } from "../daemon/daemonLink.js";

type Ask = (action: ResetAction) => Promise<ResetResult>;

export async function resetLearning(link: DaemonLink): Promise<void> {
  const { l10n, window } = vscode;
  // What is shown is what is taken back, whatever editor is active by then.
  const uri = activeUri();
  const ask: Ask = (action) =>
    link.request({ method: REQUESTS.reset, params: { uri, action }, answer: resetResultSchema });
  const preview = await ask("preview");
  const { name } = preview.project;
  if (preview.corrections === 0) {
    void window.showInformationMessage(l10n.t("{0} has taught nothing that could be taken back.", name));
    return;
  }
  const takeBack = l10n.t("Take All Back");
  const question = l10n.t("Take back everything that {0} has taught ({1})?", name, preview.corrections);
  const detail = detailOf(preview);
  if ((await window.showWarningMessage(question, { modal: true, detail }, takeBack)) !== takeBack) return;
  await tell(await ask("reset"), ask);
}

async function tell({ project, corrections }: ResetResult, ask: Ask): Promise<void> {
  const { l10n, window } = vscode;
  const undo = l10n.t("Undo");
  const taken = l10n.t("Everything that {0} has taught is taken back: {1}.", project.name, corrections);
  if ((await window.showInformationMessage(taken, undo)) !== undo) return;
  const given = await ask("undo");
  void window.showInformationMessage(
    l10n.t("Everything that {0} has taught holds again: {1}.", project.name, given.corrections),
  );
}

function detailOf({ newest, pending, samples }: ResetResult): string {
  const { t } = vscode.l10n;
  return [
    t("The newest:"),
    ...newest.map((text) => (text === "" ? `· ${t("nothing")}` : `· ${text}`)),
    ...(pending > 0 ? [t("Not learned yet: {0}.", pending)] : []),
    ...(samples > 0
      ? [t("In sft.org: {0}. They are not taught again unless they are changed there.", samples)]
      : []),
    t("It can be undone until something new is taught."),
  ].join("\n");
}
