/** Shows, one notice at a time, what became of corrections; *Undo* is on the notice itself. */

import * as vscode from "vscode";
import type { DidLearn } from "../../../daemon/src/protocol/corrections.js";
import { settingsFor } from "../editorSettings.js";
import { translate } from "../showMessage.js";
import { type LearningNotice, noticeOf } from "./learningNotice.js";
import { createNoticeQueue, NOTICE_MS } from "./noticeQueue.js";
import type { Undo } from "./undo.js";

export class LearningNotifier implements vscode.Disposable {
  readonly #undo: Undo;
  readonly #queue = createNoticeQueue<DidLearn>();
  #timer: NodeJS.Timeout | undefined;

  constructor(undo: Undo) {
    this.#undo = undo;
  }

  show(event: DidLearn): void {
    this.#showNotice(this.#queue.add(event, Date.now()));
  }

  #showNotice(events: readonly DidLearn[]): void {
    const notice = noticeOf(events, translate);
    if (!notice) return;
    const wanted = settingsFor()["ouroboros.learning.notices"];
    if (wanted === "none" || (wanted === "problems" && !notice.isProblem)) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#showNotice(this.#queue.next(Date.now())), NOTICE_MS);
    void this.#showButtons(notice).finally(() => this.#showNotice(this.#queue.next(Date.now())));
  }

  async #showButtons(notice: LearningNotice): Promise<void> {
    const { l10n, window } = vscode;
    const [takeBack, list] = [l10n.t("Undo"), l10n.t("Show All")];
    const actions = notice.undo === undefined ? [list] : [takeBack, list];
    const show = notice.isProblem ? window.showWarningMessage : window.showInformationMessage;
    const chosen = await show(notice.text, ...actions);
    if (chosen === takeBack && notice.undo !== undefined) await this.#undo.takeBack(notice.undo);
    if (chosen === list) await vscode.commands.executeCommand("ouroboros.showLearned");
  }

  dispose(): void {
    clearTimeout(this.#timer);
  }
}
