/**
 * LSP 3.18's `textDocument/inlineCompletion`, and what becomes of what was proposed. A proposal's id travels in its
 * command: a client that runs it on acceptance, as LSP says, has thereby told all that learning needs.
 */

import {
  ExecuteCommandRequest,
  InlineCompletionRequest,
  InlineCompletionTriggerKind,
} from "vscode-languageserver";
import { z } from "zod";
import { NewestMap } from "../../base/memory/newestMap.js";
import { CLIENT_NOTIFICATIONS } from "../../protocol/methods.js";
import { documentSchema, idSchema, positionSchema } from "../../protocol/places.js";
import { ACCEPTED_COMMAND, type SuggestionEvent, suggestionEventSchema } from "../../protocol/suggestions.js";
import type { LspSession } from "./lspSession.js";

const inlineCompletionSchema = z.object({
  textDocument: documentSchema,
  position: positionSchema,
  context: z.object({ triggerKind: z.enum(InlineCompletionTriggerKind) }).optional(),
});
const acceptedSchema = z.object({
  command: z.literal(ACCEPTED_COMMAND),
  arguments: z.tuple([idSchema]),
});

/** Where the newest proposals were made, to find their text again once it was accepted. */
const PROPOSED_MAX = 256;

export function answerInlineCompletions(session: LspSession): void {
  const { connection, client, documents, accepted } = session;
  const proposedAt = new NewestMap<string, { readonly uri: string; readonly offset: number }>(PROPOSED_MAX);

  connection.onRequest(
    InlineCompletionRequest.method,
    session.guarded(inlineCompletionSchema, async ({ textDocument: { uri }, position, context }, signal) => {
      const document = documents.get(uri);
      if (!document) return { items: [] };
      const text = document.getText();
      const offset = document.offsetAt(position);
      if (isInsideCharacter(text, offset)) return { items: [] };
      const answer = await client.complete({
        where: session.whereIs(uri),
        sessionKey: uri,
        prefix: text.slice(0, offset),
        suffix: text.slice(offset),
        line: position.line,
        isInvoked: context?.triggerKind === InlineCompletionTriggerKind.Invoked,
        signal,
      });
      if (answer.kind !== "proposed") return { items: [] };
      const { completionId, text: insertText, replaces } = answer;
      proposedAt.set(completionId, { uri, offset });
      const start = document.positionAt(offset);
      const command = { title: "", command: ACCEPTED_COMMAND, arguments: [completionId] };
      const range = { start, end: { ...start, character: start.character + replaces } };
      return { items: [{ insertText, range, command }] };
    }),
  );

  const onEvent = (event: SuggestionEvent) => {
    client.suggestionEvent(event);
    const { completionId } = event;
    const proposed = client.completionText(completionId);
    const place = proposedAt.get(completionId);
    const document = place && documents.get(place.uri);
    if (event.event.kind !== "accepted" || !place || !document || proposed === undefined) return;
    accepted.accept({ completionId, proposed, ...place, text: document.getText() });
  };
  connection.onNotification(CLIENT_NOTIFICATIONS.suggestionEvent, (params: unknown) => {
    const event = suggestionEventSchema.safeParse(params);
    if (event.success) onEvent(event.data);
  });
  connection.onRequest(ExecuteCommandRequest.type, (params) => {
    const run = acceptedSchema.safeParse(params);
    if (run.success) onEvent({ completionId: run.data.arguments[0], event: { kind: "accepted" } });
    return null;
  });
}

/** Between the two halves of a surrogate pair no text can be written. */
function isInsideCharacter(text: string, offset: number): boolean {
  return /^[\uD800-\uDBFF][\uDC00-\uDFFF]/.test(text.slice(Math.max(0, offset - 1), offset + 1));
}
