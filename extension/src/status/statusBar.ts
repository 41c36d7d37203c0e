/** The one status bar item: renders the statusModel. */

import * as vscode from "vscode";
import { activePath } from "../daemon/activeUri.js";
import type { DaemonLink } from "../daemon/daemonLink.js";
import { translate } from "../showMessage.js";
import { type Status, statusOf } from "./statusModel.js";

export class StatusBar implements vscode.Disposable {
  readonly #link: DaemonLink;
  readonly #item: vscode.StatusBarItem;

  constructor(link: DaemonLink) {
    this.#link = link;
    this.#item = vscode.window.createStatusBarItem("status", vscode.StatusBarAlignment.Right, 100);
    this.#item.name = "Ouroboros";
    this.#item.command = "ouroboros.menu";
    this.update();
    this.#item.show();
  }

  update(): void {
    const status = this.#status();
    const tooltip = new vscode.MarkdownString();
    // As text: the daemon's messages may quote names of files and models.
    for (const line of status.tooltip) tooltip.appendText(line).appendMarkdown("\n\n");
    this.#item.text = status.text;
    this.#item.tooltip = tooltip;
    this.#item.backgroundColor =
      status.severity === "normal"
        ? undefined
        : new vscode.ThemeColor(`statusBarItem.${status.severity}Background`);
    this.#item.accessibilityInformation = { label: status.accessibilityLabel, role: "button" };
  }

  /** The tooltip in one line. */
  get sentence(): string {
    return this.#status().tooltip.join(" ");
  }

  #status(): Status {
    return statusOf({
      link: this.#link.state,
      path: activePath(),
      isTrusted: vscode.workspace.isTrusted,
      t: translate,
    });
  }

  dispose(): void {
    this.#item.dispose();
  }
}
