/** Registers the commands of the palette, the menus and the keys; each is one line here and a file of its own. */

import * as vscode from "vscode";
import { z } from "zod";
import { REQUESTS } from "../../daemon/src/protocol/methods.js";
import type { ChatView } from "./chat/chatView.js";
import type { GhostText } from "./completion/ghostText.js";
import type { CorrectionCommands } from "./correction/correctionCommands.js";
import type { DaemonLink } from "./daemon/daemonLink.js";
import { showLearned } from "./learning/learnedList.js";
import { resetLearning } from "./learning/reset.js";
import { openSftOrg } from "./learning/sftOrg.js";
import type { Undo } from "./learning/undo.js";
import { showError } from "./showMessage.js";
import { showDiagnosis } from "./status/doctor.js";
import { showMenu } from "./status/menu.js";
import type { StatusBar } from "./status/statusBar.js";

interface CommandParts {
  readonly context: vscode.ExtensionContext;
  readonly link: DaemonLink;
  readonly log: vscode.LogOutputChannel;
  readonly corrections: CorrectionCommands;
  readonly chat: ChatView;
  readonly ghostText: GhostText;
  readonly undo: Undo;
  readonly statusBar: StatusBar;
}

export function registerCommands(parts: CommandParts): vscode.Disposable {
  const { context, link, log, corrections, chat, ghostText, undo } = parts;
  const commands: Readonly<Record<string, () => unknown>> = {
    correct: () => corrections.correctThis(),
    nothingHere: () => corrections.nothingHere(),
    undo: () => undo.takeBack(),
    showLearned: () => showLearned({ link, undo }),
    resetLearning: () => resetLearning(link),
    pause: () => setPaused(link, { isPaused: true }),
    resume: () => setPaused(link, { isPaused: false }),
    openSftOrg: () => openSftOrg(link, context.extensionUri),
    showLog: () => log.show(),
    openChat: () => chat.open(),
    newChat: () => chat.newChat(),
    restart: () => link.restart(),
    doctor: () => showDiagnosis({ link, ghostText }),
    menu: () => showMenu({ state: link.state, sentence: parts.statusBar.sentence }),
  };
  return vscode.Disposable.from(
    ...Object.entries(commands).map(([name, run]) =>
      vscode.commands.registerCommand(`ouroboros.${name}`, async () => {
        try {
          await run();
        } catch (error) {
          log.error(`${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
          showError(error);
        }
      }),
    ),
  );
}

async function setPaused(link: DaemonLink, params: { readonly isPaused: boolean }): Promise<void> {
  await link.request({ method: REQUESTS.pause, params, answer: z.unknown() });
}
