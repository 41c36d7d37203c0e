/**
 * The one provider of inline completions: waits as long as the user's rhythm asks, has one request in flight, offers
 * what is left of the last suggestion while it is being typed, and follows what becomes of it. No proposed API: the mere
 * presence of its methods would make the registration throw.
 */

import * as vscode from "vscode";
import { CLIENT_NOTIFICATIONS } from "../../../daemon/src/protocol/methods.js";
import type { SuggestionEvent } from "../../../daemon/src/protocol/suggestions.js";
import type { DaemonLink } from "../daemon/daemonLink.js";
import { isUnderGlob, settingsFor } from "../editorSettings.js";
import type { Capture } from "./capture.js";
import { answered, delayMs, FIRST_PACE, keyTyped, type Pace } from "./debounce.js";
import { offerOf } from "./offer.js";
import { proposalsSchema } from "./proposal.js";
import type { RejectedTexts } from "./rejectedTexts.js";
import { type Silence, whySilent } from "./silence.js";
import { cursorOf, follow, rest, type Suggestion } from "./suggestion.js";

/** Run by VS Code when all of a suggestion was accepted. */
export const TAKEN_COMMAND = "ouroboros.internal.taken";
/** Who sees a suggestion for less than this has not read it. */
const SHOWN_AFTER_MS = 300;
const INLINE_COMPLETION = "textDocument/inlineCompletion";
/** VS Code counts from 0, LSP 3.18 from 1. */
const LSP_TRIGGER_KINDS = {
  [vscode.InlineCompletionTriggerKind.Invoke]: 1,
  [vscode.InlineCompletionTriggerKind.Automatic]: 2,
} as const;

interface Place {
  readonly document: vscode.TextDocument;
  readonly position: vscode.Position;
  readonly context: vscode.InlineCompletionContext;
}

export interface GhostTextOptions {
  readonly link: DaemonLink;
  readonly capture: Capture;
  readonly rejected: RejectedTexts;
  readonly log: vscode.LogOutputChannel;
}

export class GhostText implements vscode.InlineCompletionItemProvider, vscode.Disposable {
  readonly #options: GhostTextOptions;
  #pace: Pace = FIRST_PACE;
  #inFlight: vscode.CancellationTokenSource | undefined;
  #last: Suggestion | undefined;
  #shown: NodeJS.Timeout | undefined;
  #askedAtMs: number | undefined;
  #isAwaited = false;

  constructor(options: GhostTextOptions) {
    this.#options = options;
  }

  /** When VS Code last asked and when a key was last typed: it asks for every key, unless it was told not to. */
  get lately(): { readonly askedAtMs: number | undefined; readonly keyAtMs: number | undefined } {
    return { askedAtMs: this.#askedAtMs, keyAtMs: this.#pace.lastKeyAtMs };
  }

  /** The suggestion that stands, or has just stood, at the cursor of `editor`. */
  at(editor: vscode.TextEditor): Suggestion | undefined {
    const { document, selection } = editor;
    const last = this.#last;
    const isThere =
      last !== undefined &&
      last.uri === document.uri.toString() &&
      cursorOf(last) === document.offsetAt(selection.active);
    return isThere ? last : undefined;
  }

  /** Who typed while the daemon was starting gets the suggestion as soon as there can be one. */
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

  async provideInlineCompletionItems(
    document: vscode.TextDocument,
    position: vscode.Position,
    context: vscode.InlineCompletionContext,
    token: vscode.CancellationToken,
  ): Promise<vscode.InlineCompletionItem[]> {
    this.#askedAtMs = Date.now();
    if (this.silenceIn(document)) return [];
    if (this.#options.link.state.kind !== "running") {
      this.#options.link.start();
      this.#isAwaited = true;
      return [];
    }
    const place = { document, position, context };
    const typed = this.#typedOn(place);
    if (typed) return this.#offer(place, typed);
    this.#inFlight?.cancel();
    const request = new vscode.CancellationTokenSource();
    this.#inFlight = request;
    const cancelling = token.onCancellationRequested(() => request.cancel());
    try {
      return await this.#fresh(place, request.token);
    } finally {
      cancelling.dispose();
      request.dispose();
      if (this.#inFlight === request) this.#inFlight = undefined;
    }
  }

  /** The document was edited: the suggestion is followed, or it is over. */
  edited({ document, contentChanges }: vscode.TextDocumentChangeEvent): void {
    if (contentChanges.length === 0) return;
    if (document === vscode.window.activeTextEditor?.document) {
      this.#pace = keyTyped(this.#pace, Date.now());
    }
    for (const { rangeOffset: offset, rangeLength: removed, text } of contentChanges) {
      const last = this.#last;
      if (!last || last.uri !== document.uri.toString()) return;
      const followed = follow(last, { offset, removed, text });
      if (followed.kind === "goes-on") {
        this.#last = followed.suggestion;
        continue;
      }
      this.forget();
      if (followed.kind === "taken") return;
      if (followed.partlyTaken > 0) {
        this.#tell(last.completionId, { kind: "partlyAccepted", characters: followed.partlyTaken });
      } else if (followed.kind === "disagreed") this.#tell(last.completionId, { kind: "dismissed" });
    }
  }

  /** All of it was accepted; of a suggestion that was cut to a line, that line. */
  taken(completionId: string, characters: number | undefined): void {
    this.#tell(
      completionId,
      characters === undefined ? { kind: "accepted" } : { kind: "partlyAccepted", characters },
    );
  }

  /** Why nothing is suggested in `document`, if so. */
  silenceIn(document: vscode.TextDocument): Silence | undefined {
    const settings = settingsFor(document);
    return whySilent({
      settings,
      isGlobDisabled: isUnderGlob(document, settings["ouroboros.completion.disabledGlobs"]),
      isCapturing: this.#options.capture.isActive,
    });
  }

  #typedOn({ document, position, context }: Place): Suggestion | undefined {
    const last = this.#last;
    if (!last || context.triggerKind === vscode.InlineCompletionTriggerKind.Invoke) return undefined;
    const isHere = last.uri === document.uri.toString() && cursorOf(last) === document.offsetAt(position);
    return isHere && rest(last) !== "" ? last : undefined;
  }

  async #fresh(place: Place, token: vscode.CancellationToken): Promise<vscode.InlineCompletionItem[]> {
    const { document, position, context } = place;
    const { version } = document;
    const startedMs = Date.now();
    if (context.triggerKind === vscode.InlineCompletionTriggerKind.Automatic) {
      await pause(delayMs(this.#pace, startedMs - (this.#pace.lastKeyAtMs ?? startedMs)), token);
    }
    if (token.isCancellationRequested) return [];
    const askedMs = Date.now();
    const proposals = await this.#options.link
      .request({
        method: INLINE_COMPLETION,
        params: {
          textDocument: { uri: document.uri.toString() },
          position: { line: position.line, character: position.character },
          context: { triggerKind: LSP_TRIGGER_KINDS[context.triggerKind] },
        },
        answer: proposalsSchema,
        token,
      })
      .catch((error: unknown) => {
        if (!token.isCancellationRequested) this.#options.log.debug(`Completion: ${String(error)}`);
        return undefined;
      });
    // What was asked for an older text would be inserted at the wrong place.
    if (!proposals || token.isCancellationRequested || document.version !== version) return [];
    this.#pace = answered(this.#pace, Date.now() - askedMs);
    const [item] = proposals.items;
    if (!item || this.#isRejected(place, item.insertText)) return [];
    const suggestion: Suggestion = {
      completionId: item.command.arguments[0],
      uri: document.uri.toString(),
      offset: document.offsetAt(position),
      text: item.insertText,
      replaces: item.range.end.character - position.character,
      consumed: 0,
      isPartlyTaken: false,
    };
    this.#last = suggestion;
    this.#tellShown(suggestion);
    return this.#offer(place, suggestion);
  }

  #offer({ document, position, context }: Place, suggestion: Suggestion): vscode.InlineCompletionItem[] {
    const selected = context.selectedCompletionInfo;
    const offer = offerOf({
      text: rest(suggestion),
      multiline: settingsFor(document)["ouroboros.completion.multiline"],
      selected: selected && {
        text: selected.text,
        typed: document.getText(new vscode.Range(selected.range.start, position)),
      },
    });
    if (!offer) return [];
    const range = new vscode.Range(
      position.translate(0, -offer.before),
      position.translate(0, suggestion.replaces),
    );
    const item = new vscode.InlineCompletionItem(offer.insertText, range);
    const taken = suggestion.consumed + offer.insertText.length - offer.before;
    const cut = taken < suggestion.text.length ? taken : undefined;
    item.command = { title: "", command: TAKEN_COMMAND, arguments: [suggestion.completionId, cut] };
    return [item];
  }

  #isRejected({ document, position }: Place, text: string): boolean {
    const before = document.lineAt(position).text.slice(0, position.character);
    return this.#options.rejected.has({ uri: document.uri.toString(), before, text });
  }

  #tellShown(suggestion: Suggestion): void {
    clearTimeout(this.#shown);
    this.#shown = setTimeout(() => {
      if (this.#last?.completionId === suggestion.completionId) {
        this.#tell(suggestion.completionId, { kind: "shown" });
      }
    }, SHOWN_AFTER_MS);
  }

  #tell(completionId: string, event: SuggestionEvent["event"]): void {
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
