/**
 * *Correct This*, *Nothing Should Be Suggested Here*: finds out what is meant at the cursor, asks only for what is not
 * known yet, teaches it, and puts a wanted suggestion into the text, where the user would have typed it anyway.
 */

import { basename } from "node:path";
import * as vscode from "vscode";
import { REQUESTS } from "../../../daemon/src/protocol/methods.js";
import { type AcceptedAtResult, acceptedAtResultSchema } from "../../../daemon/src/protocol/suggestions.js";
import type { GhostText } from "../completion/ghostText.js";
import type { RejectedCompletions } from "../completion/rejectedCompletions.js";
import { cursorOf, remainderOf, type ShownCompletion } from "../completion/shownCompletion.js";
import type { DaemonLink } from "../daemon/daemonLink.js";
import { showWarning } from "../showMessage.js";
import { correctTarget } from "./correctTarget.js";
import { teach } from "./teach.js";
import { CORRECTION_SCHEME, type WantedEditor } from "./wantedEditor.js";
import { askWanted } from "./wantedInput.js";

/** Accepted completions of which it is remembered what was taught, so that asking again means something else. */
const TAUGHT_MAX = 100;

interface Options {
  readonly link: DaemonLink;
  readonly ghostText: GhostText;
  readonly rejected: RejectedCompletions;
  readonly wantedEditor: WantedEditor;
}

type Accepted = NonNullable<AcceptedAtResult>;

export class CorrectionCommands {
  readonly #options: Options;
  readonly #taught = new Map<string, string>();

  constructor(options: Options) {
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
    const shown = editor && this.#options.ghostText.at(editor);
    if (!editor) return showWarning(nothingToCorrect());
    const target = correctTarget({
      hasSelection: !editor.selection.isEmpty,
      accepted: await this.#acceptedAt(editor),
      shown,
      taught: this.#taught,
    });
    switch (target.kind) {
      case "selection":
        return this.#teachSelection(editor);
      case "edited":
        return this.#teachAccepted(target.accepted);
      case "shown":
        return this.#correctShown(editor, target.completion);
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
    const completion = editor && this.#options.ghostText.at(editor);
    if (!editor || !completion) {
      return showWarning(
        vscode.l10n.t("Nothing is suggested at the cursor; use this while a suggestion is shown."),
      );
    }
    await vscode.commands.executeCommand("editor.action.inlineSuggest.hide");
    const { document } = editor;
    await this.#teachInstead({ document, version: document.version, completion, wanted: "" });
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
    await teach(this.#options.link, {
      kind: "selection",
      textDocument: { uri: document.uri.toString() },
      range: { start: place(selection.start), end: place(selection.end) },
    });
  }

  async #teachAccepted({ completionId, kept }: Accepted): Promise<void> {
    const correctionId = await teach(this.#options.link, { kind: "accepted", completionId });
    if (correctionId !== undefined) this.#remember(completionId, kept);
  }

  async #correctShown({ document }: vscode.TextEditor, completion: ShownCompletion): Promise<void> {
    const { version } = document;
    const wanted = await this.#ask(document, remainderOf(completion));
    if (wanted !== undefined) await this.#teachInstead({ document, version, completion, wanted });
  }

  async #correctAccepted({ document }: vscode.TextEditor, accepted: Accepted): Promise<void> {
    const { version } = document;
    const wanted = await this.#ask(document, accepted.kept);
    if (wanted === undefined || wanted === accepted.kept) return;
    const { completionId } = accepted;
    const correctionId = await teach(this.#options.link, { kind: "completion", completionId, wanted });
    if (correctionId === undefined) return;
    this.#remember(completionId, wanted);
    const { start, end } = accepted.range;
    const range = new vscode.Range(start.line, start.character, end.line, end.character);
    await replace({ document, version, range, text: wanted });
  }

  /** Undefined: the user changed their mind. */
  #ask(document: vscode.TextDocument, proposed: string): Promise<string | undefined> {
    const { ghostText, wantedEditor } = this.#options;
    const fileName = basename(document.uri.path);
    return ghostText.duringCorrection(() =>
      askWanted({ proposed, inEditor: (draft) => wantedEditor.ask({ proposed, draft, fileName }) }),
    );
  }

  async #teachInstead(lesson: {
    readonly document: vscode.TextDocument;
    /** When the completion was seen. */
    readonly version: number;
    readonly completion: ShownCompletion;
    readonly wanted: string;
  }): Promise<void> {
    const { document, version, completion, wanted } = lesson;
    const { completionId, consumed, text, uri, replaces } = completion;
    const position = document.positionAt(cursorOf(completion));
    const before = document.lineAt(position).text.slice(0, position.character);
    // What the user typed of it already belongs to the lesson, which begins where the completion did.
    const whole = wanted === "" ? "" : text.slice(0, consumed) + wanted;
    const correctionId = await teach(this.#options.link, {
      kind: "completion",
      completionId,
      wanted: whole,
    });
    if (correctionId === undefined) return;
    this.#options.rejected.add(correctionId, { uri, before, text: remainderOf(completion) });
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
