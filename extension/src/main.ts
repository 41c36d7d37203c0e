/**
 * The extension's beginning: makes the parts, connects them, registers everything, and returns; nothing here waits. The
 * daemon is started when the first document is open, or when something is asked of it.
 */

import * as vscode from "vscode";
import { CHAT_VIEW, ChatView } from "./chat/chatView.js";
import { registerCommands } from "./commands.js";
import { ACCEPTED_ITEM_COMMAND, GhostText } from "./completion/ghostText.js";
import { RejectedCompletions } from "./completion/rejectedCompletions.js";
import { CorrectionCommands } from "./correction/correctionCommands.js";
import { WantedEditor } from "./correction/wantedEditor.js";
import { activeUri } from "./daemon/activeUri.js";
import { DaemonLink } from "./daemon/daemonLink.js";
import { projectOf } from "./daemon/linkState.js";
import { LearningNotifier } from "./learning/learningNotifier.js";
import { Undo } from "./learning/undo.js";
import { showWarning } from "./showMessage.js";
import { newNotices } from "./status/newNotices.js";
import { StatusBar } from "./status/statusBar.js";

const SUGGESTIBLE = [{ scheme: "file" }, { scheme: "untitled" }];

let link: DaemonLink | undefined;

export function activate(context: vscode.ExtensionContext): void {
  const log = vscode.window.createOutputChannel("Ouroboros", { log: true });
  link = new DaemonLink({ extensionFolder: context.extensionPath, log });
  const rejected = new RejectedCompletions();
  const ghostText = new GhostText({ link, rejected, log });
  const wantedEditor = new WantedEditor();
  const corrections = new CorrectionCommands({ link, ghostText, rejected, wantedEditor });
  const undo = new Undo(link);
  const chat = new ChatView({ extensionUri: context.extensionUri, link, undo });
  const notifier = new LearningNotifier(undo);
  const statusBar = new StatusBar(link);
  context.subscriptions.push(
    log,
    ghostText,
    wantedEditor,
    undo,
    chat,
    notifier,
    statusBar,
    vscode.languages.registerInlineCompletionItemProvider(SUGGESTIBLE, ghostText),
    vscode.window.registerWebviewViewProvider(CHAT_VIEW, chat),
    vscode.commands.registerCommand(ACCEPTED_ITEM_COMMAND, (id: string, characters?: number) =>
      ghostText.accepted(id, characters),
    ),
    registerCommands({ context, link, log, corrections, chat, ghostText, undo, statusBar }),
    listenToDaemon({ link, ghostText, chat, statusBar, notifier, rejected, undo }),
    link.onDidChangeState((state) => {
      if (state.kind !== "running") return;
      for (const notice of newNotices(context.globalState, state.daemon.losses ?? [])) showWarning(notice);
    }),
    listenToEditor({ link, ghostText, statusBar }),
  );
}

/** VS Code waits for this, within its own limit: it closes the connection to the daemon. */
export async function deactivate(): Promise<void> {
  await link?.dispose();
}

/** Passes the daemon's notifications on to the parts that show them. */
function listenToDaemon(parts: {
  readonly link: DaemonLink;
  readonly ghostText: GhostText;
  readonly chat: ChatView;
  readonly statusBar: StatusBar;
  readonly notifier: LearningNotifier;
  readonly rejected: RejectedCompletions;
  readonly undo: Undo;
}): vscode.Disposable {
  const { link, ghostText, chat, statusBar, notifier, rejected, undo } = parts;
  let versions = "";
  return vscode.Disposable.from(
    link.onDidChangeState((state) => {
      statusBar.update();
      chat.showModel(state);
      if (state.kind !== "running") return;
      const newest = state.daemon.projects.map(({ id, adapterVersion }) => `${id}:${adapterVersion}`).join();
      if (newest !== versions) ghostText.forget();
      versions = newest;
      void ghostText.started();
    }),
    link.onDidLearn((event) => {
      rejected.forget(event.correctionId);
      if (!chat.showLearned(event)) notifier.show(event);
    }),
    undo.onDidUndo((correctionId) => {
      rejected.forget(correctionId);
      chat.showUndone(correctionId);
    }),
    link.onChatText((text) => chat.appendText(text)),
  );
}

function listenToEditor(parts: {
  readonly link: DaemonLink;
  readonly ghostText: GhostText;
  readonly statusBar: StatusBar;
}): vscode.Disposable {
  const { link, ghostText, statusBar } = parts;
  const update = (editor: vscode.TextEditor | undefined) => {
    statusBar.update();
    const { scheme, fsPath } = editor?.document.uri ?? {};
    if (scheme !== "file" && scheme !== "untitled") return;
    link.start();
    const { state } = link;
    const isKnown = state.kind === "running" && projectOf(state.daemon, fsPath) !== undefined;
    if (scheme === "file" && !isKnown) void link.refresh(activeUri());
  };
  update(vscode.window.activeTextEditor);
  return vscode.Disposable.from(
    vscode.window.onDidChangeActiveTextEditor(update),
    vscode.workspace.onDidChangeTextDocument((change) => ghostText.edited(change)),
    vscode.workspace.onDidGrantWorkspaceTrust(() => statusBar.update()),
  );
}
