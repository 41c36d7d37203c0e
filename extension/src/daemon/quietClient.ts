/**
 * The language client without its dialogs: it would show one for every failed start, where the status bar and the log
 * say the same in one sentence. A subclass, because the library offers no other way to keep it silent.
 */

import type { ChildProcess } from "node:child_process";
import type { LogOutputChannel } from "vscode";
import { CloseAction, ErrorAction, LanguageClient, RevealOutputChannelOn } from "vscode-languageclient/node";
import type { InitializationOptions } from "../../../daemon/src/protocol/methods.js";

const DOCUMENTS = [{ scheme: "file" }, { scheme: "untitled" }];

interface QuietClientOptions {
  readonly child: ChildProcess;
  readonly log: LogOutputChannel;
  /** The connection is gone; called once. */
  readonly onEnd: () => void;
}

/** One attempt: it is never started again, whoever made it makes another. */
export function createQuietClient({ child, log, onEnd }: QuietClientOptions): QuietClient {
  const initializationOptions: InitializationOptions = { ownInlineCompletion: true };
  return new QuietClient("ouroboros", "Ouroboros", () => Promise.resolve(child), {
    documentSelector: DOCUMENTS,
    outputChannel: log,
    revealOutputChannelOn: RevealOutputChannelOn.Never,
    initializationOptions,
    initializationFailedHandler: () => false,
    errorHandler: {
      error: () => ({ action: ErrorAction.Continue, handled: true }),
      closed: () => {
        onEnd();
        return { action: CloseAction.DoNotRestart, handled: true };
      },
    },
  });
}

export class QuietClient extends LanguageClient {
  override error(message: string, data?: unknown, _notify?: boolean | "force"): void {
    super.error(message, data, false);
  }
}
