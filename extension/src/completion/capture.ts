/** Whether a correction is being written just now: then nothing is suggested, and no second one begins. */

import * as vscode from "vscode";

export class Capture {
  #isActive = false;

  get isActive(): boolean {
    return this.#isActive;
  }

  /** Resolves to what `write` does; undefined when another correction is being written already. */
  async during<T>(write: () => Promise<T>): Promise<T | undefined> {
    if (this.#isActive) return undefined;
    this.#isActive = true;
    try {
      await vscode.commands.executeCommand("editor.action.inlineSuggest.hide");
      return await write();
    } finally {
      this.#isActive = false;
    }
  }
}
