/** *Show What Was Learned*: everything that the active file's project was taught, newest first, each to be taken back. */

import * as vscode from "vscode";
import { type LearnedResult, learnedResultSchema } from "../../../daemon/src/protocol/corrections.js";
import { REQUESTS } from "../../../daemon/src/protocol/methods.js";
import { activeUri } from "../daemon/activeUri.js";
import type { DaemonLink } from "../daemon/daemonLink.js";
import { showError } from "../showMessage.js";
import type { Undo } from "./undo.js";

type Learned = LearnedResult["corrections"][number];

interface LearnedItem extends vscode.QuickPickItem {
  readonly correctionId: string;
}

interface LearnedParts {
  readonly link: DaemonLink;
  readonly undo: Undo;
}

const ICONS = {
  learned: "$(check)",
  pending: "$(clock)",
  "not-learned": "$(circle-slash)",
  superseded: "$(replace)",
  undone: "$(discard)",
} as const satisfies Record<Learned["status"], string>;

export async function showLearned({ link, undo }: LearnedParts): Promise<void> {
  const pick = vscode.window.createQuickPick<LearnedItem>();
  pick.busy = true;
  pick.matchOnDescription = true;
  pick.onDidHide(() => pick.dispose());
  pick.onDidTriggerItemButton(async ({ item }) => {
    pick.busy = true;
    await undo.takeBack(item.correctionId);
    await fill(pick, link);
  });
  pick.show();
  await fill(pick, link);
}

async function fill(pick: vscode.QuickPick<LearnedItem>, link: DaemonLink): Promise<void> {
  try {
    const learned = await link.request({
      method: REQUESTS.learned,
      params: { uri: activeUri() },
      answer: learnedResultSchema,
    });
    pick.title = vscode.l10n.t("What {0} was taught", learned.project.name);
    pick.placeholder =
      learned.corrections.length === 0
        ? vscode.l10n.t("Nothing yet: correct a suggestion, and it will stand here.")
        : vscode.l10n.t("Take one back with the button at its right end");
    pick.items = learned.corrections.toReversed().map(itemOf);
  } catch (error) {
    pick.hide();
    showError(error);
  }
  pick.busy = false;
}

function itemOf({ correctionId, at, status, rejected, wanted, seconds }: Learned): LearnedItem {
  const { l10n } = vscode;
  const takeBack = { iconPath: new vscode.ThemeIcon("discard"), tooltip: l10n.t("Take it back") };
  const lesson = wanted === "" ? l10n.t("nothing instead of {0}", `\`${rejected}\``) : wanted;
  const took = seconds === null ? "" : ` · ${seconds.toFixed(1)} s`;
  return {
    correctionId,
    label: `${ICONS[status]} ${lesson}`,
    description: wanted !== "" && rejected !== "" ? l10n.t("instead of {0}", rejected) : "",
    detail: `${statusWord(status)}${took} · ${new Date(at).toLocaleString(vscode.env.language)}`,
    buttons: status === "undone" ? [] : [takeBack],
  };
}

function statusWord(status: Learned["status"]): string {
  const words = {
    learned: vscode.l10n.t("learned"),
    pending: vscode.l10n.t("waiting"),
    "not-learned": vscode.l10n.t("not learned"),
    superseded: vscode.l10n.t("replaced by a later one"),
    undone: vscode.l10n.t("taken back"),
  } as const satisfies Record<Learned["status"], string>;
  return words[status];
}
