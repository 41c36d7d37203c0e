/**
 * The one provider of inline completions: waits as long as the user's rhythm asks, has one request in flight, offers
 * what is left of the last completion while it is being typed, and follows what becomes of it. No proposed API: the mere
 * presence of its methods would make the registration throw.
 */

import * as vscode from "vscode";
import { CLIENT_NOTIFICATIONS } from "../../../daemon/src/protocol/methods.js";
import type { SuggestionEvent } from "../../../daemon/src/protocol/suggestions.js";
import type { DaemonLink } from "../daemon/daemonLink.js";
import { isUnderGlob, settingsFor } from "../editorSettings.js";
import { answered, delayMs, FIRST_PACE, keyTyped, type Pace } from "./debounce.js";
import { type DisabledReason, disabledReason } from "./disabledReason.js";
import { insertionOf } from "./insertion.js";
import type { RejectedCompletions } from "./rejectedCompletions.js";
import { requestCompletion } from "./requestCompletion.js";
import { cursorOf, follow, remainderOf, type ShownCompletion } from "./shownCompletion.js";

/** Run by VS Code when all of a completion was accepted. */
export const ACCEPTED_ITEM_COMMAND = "ouroboros.internal.accepted";
/** A suggestion that is seen for less than this has not been read. */
const SHOWN_AFTER_MS = 300;

interface Place {
  readonly document: vscode.TextDocument;
  readonly position: vscode.Position;
  readonly context: vscode.InlineCompletionContext;
}

interface GhostTextOptions {
  readonly link: DaemonLink;
  readonly rejected: RejectedCompletions;
  readonly log: vscode.LogOutputChannel;
}

export class GhostText implements vscode.InlineCompletionItemProvider, vscode.Disposable {
  readonly #options: GhostTextOptions;
  #pace: Pace = FIRST_PACE;
  #inFlight: vscode.CancellationTokenSource | undefined;
  #last: ShownCompletion | undefined;
  #shown: NodeJS.Timeout | undefined;
  #askedAtMs: number | undefined;
  #isAwaited = false;
  #isCorrecting = false;

  constructor(options: GhostTextOptions) {
    this.#options = options;
  }

  /** When VS Code last asked and when a key was last typed: it asks for every key, unless it was told not to. */
  get lately(): { readonly askedAtMs: number | undefined; readonly keyAtMs: number | undefined } {
    return { askedAtMs: this.#askedAtMs, keyAtMs: this.#pace.lastKeyAtMs };
  }

  /** The completion that is shown, or has just been shown, at the cursor of `editor`. */
  at(editor: vscode.TextEditor): ShownCompletion | undefined {
    const { document, selection } = editor;
    const last = this.#last;
    const isThere =
      last !== undefined &&
      last.uri === document.uri.toString() &&
      cursorOf(last) === document.offsetAt(selection.active);
    return isThere ? last : undefined;
  }

  /** The daemon runs: what was typed while it was starting gets its completion now. */
  async started(): Promise<void> {
    if (!this.#isAwaited) return;
    this.#isAwaited = false;
    await vscode.commands.executeCommand("editor.action.inlineSuggest.trigger");
  }

  /** The model is another one now: what the old one said is worth nothing. */
  forget(): void {
    this.#last = undefined;
    clearTimeout(this.#shown);
  }

  /**
   * While `write` runs, a correction is being written: nothing is suggested, and no second one begins. Resolves to what
   * it does; undefined when another correction is being written already.
   */
  async duringCorrection<T>(write: () => Promise<T>): Promise<T | undefined> {
    if (this.#isCorrecting) return undefined;
    this.#isCorrecting = true;
    try {
      await vscode.commands.executeCommand("editor.action.inlineSuggest.hide");
      return await write();
    } finally {
      this.#isCorrecting = false;
    }
  }

  async provideInlineCompletionItems(
    document: vscode.TextDocument,
    position: vscode.Position,
    context: vscode.InlineCompletionContext,
    token: vscode.CancellationToken,
  ): Promise<vscode.InlineCompletionItem[]> {
    this.#askedAtMs = Date.now();
    if (this.disabledIn(document)) return [];
    if (this.#options.link.state.kind !== "running") {
      this.#options.link.start();
      this.#isAwaited = true;
      return [];
    }
    const place = { document, position, context };
    const continued = this.#continuedAt(place);
    if (continued) return this.#itemsFor(place, continued);
    this.#inFlight?.cancel();
    const request = new vscode.CancellationTokenSource();
    this.#inFlight = request;
    const cancelling = token.onCancellationRequested(() => request.cancel());
    try {
      return await this.#request(place, request.token);
    } finally {
      cancelling.dispose();
      request.dispose();
      if (this.#inFlight === request) this.#inFlight = undefined;
    }
  }

  /** The document was edited: the completion is followed, or it is over. */
  edited({ document, contentChanges }: vscode.TextDocumentChangeEvent): void {
    if (contentChanges.length === 0) return;
    if (document === vscode.window.activeTextEditor?.document) {
      this.#pace = keyTyped(this.#pace, Date.now());
    }
    for (const change of contentChanges) {
      const last = this.#last;
      if (!last || last.uri !== document.uri.toString()) return;
      const followed = follow(last, change);
      if (followed.kind === "continues") {
        this.#last = followed.completion;
        continue;
      }
      this.forget();
      if (followed.kind === "accepted") return;
      if (followed.partlyAccepted > 0) {
        this.#notify(last.completionId, { kind: "partlyAccepted", characters: followed.partlyAccepted });
      } else if (followed.kind === "dismissed") this.#notify(last.completionId, { kind: "dismissed" });
    }
  }

  /** All of it was accepted; of a completion that was cut to a line, that line. */
  accepted(completionId: string, characters: number | undefined): void {
    this.#notify(
      completionId,
      characters === undefined ? { kind: "accepted" } : { kind: "partlyAccepted", characters },
    );
  }

  /** Why nothing is suggested in `document`, if so. */
  disabledIn(document: vscode.TextDocument): DisabledReason | undefined {
    const settings = settingsFor(document);
    return disabledReason({
      settings,
      isGlobDisabled: isUnderGlob(document, settings["ouroboros.completion.disabledGlobs"]),
      isCorrecting: this.#isCorrecting,
    });
  }

  /** The last completion, when the user has been typing what it says; asked for by hand, a new one is wanted. */
  #continuedAt({ document, position, context }: Place): ShownCompletion | undefined {
    const last = this.#last;
    if (!last || context.triggerKind === vscode.InlineCompletionTriggerKind.Invoke) return undefined;
    const isHere = last.uri === document.uri.toString() && cursorOf(last) === document.offsetAt(position);
    return isHere && remainderOf(last) !== "" ? last : undefined;
  }

  async #request(place: Place, token: vscode.CancellationToken): Promise<vscode.InlineCompletionItem[]> {
    const { document, position, context } = place;
    const { triggerKind } = context;
    const { version } = document;
    const startedMs = Date.now();
    if (triggerKind === vscode.InlineCompletionTriggerKind.Automatic) {
      await pause(delayMs(this.#pace, startedMs - (this.#pace.lastKeyAtMs ?? startedMs)), token);
    }
    if (token.isCancellationRequested) return [];
    const askedMs = Date.now();
    const { link, log } = this.#options;
    let completion: ShownCompletion | undefined;
    try {
      completion = await requestCompletion({ link, document, position, triggerKind, token });
    } catch (error) {
      if (!token.isCancellationRequested) log.debug(`Completion: ${String(error)}`);
      return [];
    }
    // What was asked for an older text would be inserted at the wrong place.
    if (token.isCancellationRequested || document.version !== version) return [];
    this.#pace = answered(this.#pace, Date.now() - askedMs);
    if (!completion || this.#isRejected(place, completion.text)) return [];
    this.#last = completion;
    this.#notifyOnceShown(completion);
    return this.#itemsFor(place, completion);
  }

  #itemsFor(
    { document, position, context }: Place,
    completion: ShownCompletion,
  ): vscode.InlineCompletionItem[] {
    const selected = context.selectedCompletionInfo;
    const insertion = insertionOf({
      text: remainderOf(completion),
      multiline: settingsFor(document)["ouroboros.completion.multiline"],
      selected: selected && {
        text: selected.text,
        typed: document.getText(new vscode.Range(selected.range.start, position)),
      },
    });
    if (!insertion) return [];
    const range = new vscode.Range(
      position.translate(0, -insertion.before),
      position.translate(0, completion.replaces),
    );
    const item = new vscode.InlineCompletionItem(insertion.insertText, range);
    const accepted = completion.consumed + insertion.insertText.length - insertion.before;
    const cut = accepted < completion.text.length ? accepted : undefined;
    item.command = { title: "", command: ACCEPTED_ITEM_COMMAND, arguments: [completion.completionId, cut] };
    return [item];
  }

  #isRejected({ document, position }: Place, text: string): boolean {
    const before = document.lineAt(position).text.slice(0, position.character);
    return this.#options.rejected.has({ uri: document.uri.toString(), before, text });
  }

  #notifyOnceShown(completion: ShownCompletion): void {
    clearTimeout(this.#shown);
    this.#shown = setTimeout(() => {
      if (this.#last?.completionId === completion.completionId) {
        this.#notify(completion.completionId, { kind: "shown" });
      }
    }, SHOWN_AFTER_MS);
  }

  #notify(completionId: string, event: SuggestionEvent["event"]): void {
    this.#options.link.notify(CLIENT_NOTIFICATIONS.suggestionEvent, {
      completionId,
      event,
    } satisfies SuggestionEvent);
  }

  dispose(): void {
    this.#inFlight?.cancel();
    clearTimeout(this.#shown);
  }
}

/** Resolves early when the token is cancelled. */
function pause(milliseconds: number, token: vscode.CancellationToken): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      cancelling.dispose();
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    const cancelling = token.onCancellationRequested(end);
  });
}
