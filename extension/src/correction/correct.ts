/**
 * *Correct This*, *Nothing Should Be Suggested Here*: finds out what is meant at the cursor, asks only for what is not
 * known yet, teaches it, and puts a wanted suggestion into the text, where the user would have typed it anyway.
 */

import { basename } from "node:path";
import * as vscode from "vscode";
import { REQUESTS } from "../../../daemon/src/protocol/methods.js";
import { type AcceptedAtResult, acceptedAtResultSchema } from "../../../daemon/src/protocol/suggestions.js";
import type { Capture } from "../completion/capture.js";
import type { GhostText } from "../completion/ghostText.js";
import type { RejectedTexts } from "../completion/rejectedTexts.js";
import { cursorOf, rest, type Suggestion } from "../completion/suggestion.js";
import type { DaemonLink } from "../daemon/daemonLink.js";
import { showWarning } from "../showMessage.js";
import { type Accepted, correctTarget } from "./correctTarget.js";
import type { Teacher } from "./teacher.js";
import { CORRECTION_SCHEME, type WantedEditor } from "./wantedEditor.js";
import { askWanted } from "./wantedInput.js";

/** Of so many accepted completions it is remembered what was taught, so that asking again means something else. */
const TAUGHT_MAX = 100;

export interface CorrectOptions {
  readonly link: DaemonLink;
  readonly teacher: Teacher;
  readonly ghostText: GhostText;
  readonly capture: Capture;
  readonly rejected: RejectedTexts;
  readonly wantedEditor: WantedEditor;
}

export class Correct {
  readonly #options: CorrectOptions;
  readonly #taught = new Map<string, string>();

  constructor(options: CorrectOptions) {
    this.#options = options;
  }

  /** The command. In the editor of a correction it is the same as saving. */
  async correctThis(): Promise<void> {
    const editor = vscode.window.activeTextEditor;
    if (editor?.document.uri.scheme === CORRECTION_SCHEME) {
      await editor.document.save();
      return;
    }
    // Asked before anything takes time: the next event may forget what is shown now.
    const suggestion = editor && this.#options.ghostText.at(editor);
    if (!editor) return showWarning(nothingToCorrect());
    const target = correctTarget({
      hasSelection: !editor.selection.isEmpty,
      accepted: await this.#acceptedAt(editor),
      suggestion,
      taught: this.#taught,
    });
    switch (target.kind) {
      case "selection":
        return this.#teachSelection(editor);
      case "edited":
        return this.#teachAccepted(target.accepted);
      case "suggestion":
        return this.#correctSuggestion(editor, target.suggestion);
      case "unchanged":
        return this.#correctAccepted(editor, target.accepted);
      case "nothing":
        return showWarning(nothingToCorrect());
      default:
        target satisfies never;
    }
  }

  /** The command: what is shown at the cursor should not be. */
  async nothingHere(): Promise<void> {
    const editor = vscode.window.activeTextEditor;
    const suggestion = editor && this.#options.ghostText.at(editor);
    if (!editor || !suggestion) {
      return showWarning(
        vscode.l10n.t("Nothing is suggested at the cursor; use this while a suggestion is shown."),
      );
    }
    await vscode.commands.executeCommand("editor.action.inlineSuggest.hide");
    const { document } = editor;
    await this.#teachSuggestion({ document, version: document.version, suggestion, wanted: "" });
  }

  async #acceptedAt(editor: vscode.TextEditor): Promise<AcceptedAtResult> {
    const { document, selection } = editor;
    const { line, character } = selection.active;
    const params = { textDocument: { uri: document.uri.toString() }, position: { line, character } };
    try {
      return await this.#options.link.request({
        method: REQUESTS.acceptedAt,
        params,
        answer: acceptedAtResultSchema,
      });
    } catch {
      // Without the daemon nothing was accepted; what is asked of it next will say why it is not there.
      return null;
    }
  }

  async #teachSelection({ document, selection }: vscode.TextEditor): Promise<void> {
    const place = ({ line, character }: vscode.Position) => ({ line, character });
    await this.#options.teacher.teach({
      kind: "selection",
      textDocument: { uri: document.uri.toString() },
      range: { start: place(selection.start), end: place(selection.end) },
    });
  }

  async #teachAccepted({ completionId, kept }: Accepted): Promise<void> {
    const correctionId = await this.#options.teacher.teach({ kind: "accepted", completionId });
    if (correctionId !== undefined) this.#remember(completionId, kept);
  }

  async #correctSuggestion({ document }: vscode.TextEditor, suggestion: Suggestion): Promise<void> {
    const { version } = document;
    const wanted = await this.#ask(document, rest(suggestion));
    if (wanted !== undefined) await this.#teachSuggestion({ document, version, suggestion, wanted });
  }

  async #correctAccepted({ document }: vscode.TextEditor, accepted: Accepted): Promise<void> {
    const { version } = document;
    const wanted = await this.#ask(document, accepted.kept);
    if (wanted === undefined || wanted === accepted.kept) return;
    const { completionId } = accepted;
    const correctionId = await this.#options.teacher.teach({ kind: "completion", completionId, wanted });
    if (correctionId === undefined) return;
    this.#remember(completionId, wanted);
    const { start, end } = accepted.range;
    const range = new vscode.Range(start.line, start.character, end.line, end.character);
    await replace({ document, version, range, text: wanted });
  }

  /** Undefined: the user changed their mind. */
  #ask(document: vscode.TextDocument, proposed: string): Promise<string | undefined> {
    return this.#options.capture.during(async () => {
      const input = await askWanted(proposed);
      if (input.kind === "cancelled") return undefined;
      if (input.kind === "wanted") return input.text;
      const fileName = basename(document.uri.path);
      return this.#options.wantedEditor.ask({ proposed, begin: input.text, fileName });
    });
  }

  async #teachSuggestion(lesson: {
    readonly document: vscode.TextDocument;
    /** When the suggestion was seen. */
    readonly version: number;
    readonly suggestion: Suggestion;
    readonly wanted: string;
  }): Promise<void> {
    const { document, version, suggestion, wanted } = lesson;
    const { completionId, consumed, text, uri, replaces } = suggestion;
    const position = document.positionAt(cursorOf(suggestion));
    const before = document.lineAt(position).text.slice(0, position.character);
    // What the user typed of it already belongs to the lesson, which begins where the suggestion did.
    const whole = wanted === "" ? "" : text.slice(0, consumed) + wanted;
    const correctionId = await this.#options.teacher.teach({
      kind: "completion",
      completionId,
      wanted: whole,
    });
    if (correctionId === undefined) return;
    this.#options.rejected.add(correctionId, { uri, before, text: rest(suggestion) });
    this.#options.ghostText.forget();
    if (wanted === "") return;
    const range = new vscode.Range(position, position.translate(0, replaces));
    await replace({ document, version, range, text: wanted });
  }

  #remember(completionId: string, kept: string): void {
    this.#taught.set(completionId, kept);
    const [oldest] = this.#taught.keys();
    if (this.#taught.size > TAUGHT_MAX && oldest !== undefined) this.#taught.delete(oldest);
  }
}

function nothingToCorrect(): string {
  return vscode.l10n.t(
    "Nothing to correct here: wait for a suggestion, put the cursor into one that you accepted, or select text that is as it should be.",
  );
}

/** Only when nothing was changed since the user was asked. */
async function replace(change: {
  readonly document: vscode.TextDocument;
  readonly version: number;
  readonly range: vscode.Range;
  readonly text: string;
}): Promise<void> {
  const { document, version, range, text } = change;
  if (document.isClosed || document.version !== version) return;
  const edit = new vscode.WorkspaceEdit();
  edit.replace(document.uri, range, text);
  await vscode.workspace.applyEdit(edit);
}
