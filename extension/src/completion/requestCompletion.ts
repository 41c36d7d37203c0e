/** Asks the daemon for the completion at one place. Another process answers, so what it sends is checked. */

import * as vscode from "vscode";
import { z } from "zod";
import { idSchema, rangeSchema, textSchema } from "../../../daemon/src/protocol/places.js";
import type { DaemonLink } from "../daemon/daemonLink.js";
import type { ShownCompletion } from "./shownCompletion.js";

const METHOD = "textDocument/inlineCompletion";
/** VS Code counts from 0, LSP 3.18 from 1. */
const LSP_TRIGGER_KINDS = {
  [vscode.InlineCompletionTriggerKind.Invoke]: 1,
  [vscode.InlineCompletionTriggerKind.Automatic]: 2,
} as const;

/** The part of LSP's InlineCompletionList that is used here. */
const answerSchema = z.object({
  items: z.array(
    z.object({
      insertText: textSchema,
      range: rangeSchema,
      command: z.object({ arguments: z.tuple([idSchema]) }),
    }),
  ),
});

/** Resolves to undefined when the model has nothing to suggest there. */
export async function requestCompletion(request: {
  readonly link: DaemonLink;
  readonly document: vscode.TextDocument;
  readonly position: vscode.Position;
  readonly triggerKind: vscode.InlineCompletionTriggerKind;
  readonly token: vscode.CancellationToken;
}): Promise<ShownCompletion | undefined> {
  const { link, document, position, triggerKind, token } = request;
  const { line, character } = position;
  const [uri, offset] = [document.uri.toString(), document.offsetAt(position)];
  const { items } = await link.request({
    method: METHOD,
    params: {
      textDocument: { uri },
      position: { line, character },
      context: { triggerKind: LSP_TRIGGER_KINDS[triggerKind] },
    },
    answer: answerSchema,
    token,
  });
  const [item] = items;
  return (
    item && {
      completionId: item.command.arguments[0],
      uri,
      offset,
      text: item.insertText,
      replaces: item.range.end.character - character,
      consumed: 0,
      isPartlyAccepted: false,
    }
  );
}
