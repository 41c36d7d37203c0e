/**
 * The chat view: a page in the side bar that asks, streams, teaches. Holds the answer that is being written, so that a
 * page which is closed and opened again misses nothing; the turns are the page's own, kept by VS Code.
 */

import { randomBytes } from "node:crypto";
import * as vscode from "vscode";
import { type ChatResult, chatResultSchema } from "../../../daemon/src/protocol/chat.js";
import type { DidLearn } from "../../../daemon/src/protocol/corrections.js";
import { REQUESTS } from "../../../daemon/src/protocol/methods.js";
import { teach } from "../correction/teach.js";
import { activeUri } from "../daemon/activeUri.js";
import type { DaemonLink } from "../daemon/daemonLink.js";
import type { LinkState } from "../daemon/linkState.js";
import type { Undo } from "../learning/undo.js";
import { errorMessage } from "../messages.js";
import { showWarning } from "../showMessage.js";
import {
  type ChatModel,
  type FromPage,
  fromPageSchema,
  type LessonStatus,
  type ToPage,
} from "./chatMessages.js";
import { chatPage } from "./chatPage.js";
import { chatStrings } from "./chatStrings.js";

export const CHAT_VIEW = "ouroboros.chat";
/** Answers whose lesson is under way, and messages for a page that is not there; more are never taught at once. */
const LESSONS_MAX = 50;

/** The answer that is being streamed. */
interface OpenAnswer {
  readonly chatId: string;
  readonly cancellation: vscode.CancellationTokenSource;
  text: string;
}

export class ChatView implements vscode.WebviewViewProvider, vscode.Disposable {
  readonly #extensionUri: vscode.Uri;
  readonly #link: DaemonLink;
  readonly #undo: Undo;
  readonly #answerOfCorrection = new Map<string, string>();
  #view: vscode.WebviewView | undefined;
  #openAnswer: OpenAnswer | undefined;
  /** Messages for a page that is not there. */
  #undelivered: readonly ToPage[] = [];
  #isReady = false;

  constructor(options: {
    readonly extensionUri: vscode.Uri;
    readonly link: DaemonLink;
    readonly undo: Undo;
  }) {
    this.#extensionUri = options.extensionUri;
    this.#link = options.link;
    this.#undo = options.undo;
  }

  resolveWebviewView(view: vscode.WebviewView): void {
    const files = vscode.Uri.joinPath(this.#extensionUri, "dist");
    const { webview } = view;
    const address = (name: string) => webview.asWebviewUri(vscode.Uri.joinPath(files, name)).toString();
    this.#view = view;
    this.#isReady = false;
    webview.options = { enableScripts: true, localResourceRoots: [files] };
    webview.onDidReceiveMessage((message: unknown) => {
      const parsed = fromPageSchema.safeParse(message);
      if (parsed.success) void this.#receive(parsed.data);
    });
    view.onDidDispose(() => {
      if (this.#view === view) this.#view = undefined;
    });
    webview.html = chatPage({
      nonce: randomBytes(16).toString("hex"),
      script: address("chat.js"),
      style: address("chat.css"),
      source: webview.cspSource,
      language: vscode.env.language,
      strings: chatStrings(),
    });
    this.#link.start();
  }

  async open(): Promise<void> {
    await vscode.commands.executeCommand(`${CHAT_VIEW}.focus`);
    this.#post({ kind: "focus" });
  }

  async newChat(): Promise<void> {
    await this.open();
    this.#post({ kind: "new-chat" });
  }

  showModel(state: LinkState): void {
    const model = modelOf(state);
    if (model.kind !== "unknown") this.#post({ kind: "model", model });
  }

  appendText({ chatId, text }: { readonly chatId: string; readonly text: string }): void {
    if (this.#openAnswer?.chatId !== chatId) return;
    this.#openAnswer.text += text;
    this.#post({ kind: "text", chatId, text });
  }

  /** False when the view is hidden, or the correction is none of its: then a notification is due. */
  showLearned({ correctionId, outcome }: DidLearn): boolean {
    const answerId = this.#answerOfCorrection.get(correctionId);
    if (answerId === undefined) return false;
    this.#answerOfCorrection.delete(correctionId);
    this.#postOrQueue({ kind: "lesson", answerId, lesson: { kind: "settled", correctionId, outcome } });
    return this.#view?.visible === true;
  }

  showUndone(correctionId: string): void {
    this.#post({ kind: "undone", correctionId });
  }

  async #receive(message: FromPage): Promise<void> {
    switch (message.kind) {
      case "ready":
        return this.#pageReady(message.awaiting);
      case "ask":
        return this.#ask(message);
      case "stop":
        if (this.#openAnswer?.chatId === message.chatId) this.#openAnswer.cancellation.cancel();
        return;
      case "teach":
        return this.#teach(message);
      case "undo":
        return this.#undo.takeBack(message.correctionId);
      case "insert":
        return insertAtCursor(message.text);
      case "copy":
        await vscode.env.clipboard.writeText(message.text);
        return;
      case "open-link":
        return openLink(message.address);
      case "leave":
        await vscode.commands.executeCommand("workbench.action.focusActiveEditorGroup");
        return;
      default:
        message satisfies never;
    }
  }

  #pageReady(awaiting: string | null): void {
    this.#isReady = true;
    this.showModel(this.#link.state);
    const undelivered = this.#undelivered;
    this.#undelivered = [];
    for (const message of undelivered) this.#post(message);
    const answer = this.#openAnswer;
    if (answer && answer.chatId === awaiting) {
      this.#post({ kind: "so-far", chatId: awaiting, text: answer.text });
    } else if (awaiting !== null) this.#post({ kind: "ended", chatId: awaiting, stoppedBy: "cancelled" });
  }

  async #ask({ chatId, turns }: Extract<FromPage, { kind: "ask" }>): Promise<void> {
    this.#openAnswer?.cancellation.cancel();
    const cancellation = new vscode.CancellationTokenSource();
    const answer: OpenAnswer = { chatId, cancellation, text: "" };
    this.#openAnswer = answer;
    try {
      const result: ChatResult = await this.#link.request({
        method: REQUESTS.chat,
        params: { chatId, folder: activeUri(), turns },
        answer: chatResultSchema,
        token: cancellation.token,
      });
      this.#postOrQueue({ kind: "so-far", chatId, text: result.text });
      this.#postOrQueue({ kind: "ended", chatId, stoppedBy: result.stoppedBy });
    } catch (error) {
      this.#postOrQueue(
        cancellation.token.isCancellationRequested
          ? { kind: "ended", chatId, stoppedBy: "cancelled" }
          : { kind: "failed", chatId, message: errorMessage(error) },
      );
    } finally {
      if (this.#openAnswer === answer) this.#openAnswer = undefined;
      cancellation.dispose();
    }
  }

  async #teach({ answerId, turns, rejected, wanted }: Extract<FromPage, { kind: "teach" }>): Promise<void> {
    const params = { kind: "answer", folder: activeUri(), turns, rejected, wanted } as const;
    const correctionId = await teach(this.#link, params);
    if (correctionId !== undefined && this.#answerOfCorrection.size < LESSONS_MAX) {
      this.#answerOfCorrection.set(correctionId, answerId);
    }
    const lesson: LessonStatus =
      correctionId === undefined ? { kind: "none" } : { kind: "under-way", correctionId };
    this.#postOrQueue({ kind: "lesson", answerId, lesson });
  }

  #post(message: ToPage): void {
    if (this.#isReady) void this.#view?.webview.postMessage(message);
  }

  #postOrQueue(message: ToPage): void {
    if (this.#view && this.#isReady) this.#post(message);
    else this.#undelivered = [...this.#undelivered, message].slice(-LESSONS_MAX);
  }

  dispose(): void {
    this.#openAnswer?.cancellation.cancel();
  }
}

function modelOf(state: LinkState): ChatModel {
  if (state.kind === "failed") return { kind: "failed", message: errorMessage(state.message) };
  if (state.kind !== "running") return { kind: "unknown" };
  const { model } = state.daemon;
  if (model.kind === "failed") return { kind: "failed", message: errorMessage(model.message) };
  if (model.kind !== "ready") return { kind: "unknown" };
  const { name, isEmbedded, canConverse } = model;
  return { kind: "ready", name, isEmbedded, canConverse };
}

async function insertAtCursor(text: string): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  if (!editor) return showWarning(vscode.l10n.t("No text editor is active: open a file to insert into."));
  await editor.edit((edit) => {
    for (const selection of editor.selections) edit.replace(selection, text);
  });
  await vscode.window.showTextDocument(editor.document, editor.viewColumn);
}

/** A model wrote the address: nothing is opened that the user has not read and allowed. */
async function openLink(address: string): Promise<void> {
  const { l10n, window } = vscode;
  if (!/^https?:\/\//i.test(address)) return;
  const open = l10n.t("Open");
  const detail = l10n.t("The model wrote this address. It may lead anywhere.");
  const chosen = await window.showWarningMessage(address, { modal: true, detail }, open);
  if (chosen === open) await vscode.env.openExternal(vscode.Uri.parse(address));
}
