/**
 * One LSP client on one stream: translates between the protocol and the Assistant, mirrors the client's documents, and
 * follows what it accepts. Uses the protocol library's plain connection: its server's would say its troubles to the very
 * client that it has lost.
 */

import type { Duplex } from "node:stream";
import {
  DidChangeWorkspaceFoldersNotification,
  InitializeRequest,
  ShutdownRequest,
  TextDocumentSyncKind,
} from "vscode-languageserver";
import type { Assistant } from "../../assistant/assistant.js";
import type { Log } from "../../base/log.js";
import { ACCEPTED_COMMAND } from "../../protocol/suggestions.js";
import { answerChat } from "./lspChat.js";
import { answerCorrections } from "./lspCorrections.js";
import { mirrorDocuments } from "./lspDocuments.js";
import { initializationSchema } from "./lspFolders.js";
import { answerInlineCompletions } from "./lspInlineCompletion.js";
import { LspSession } from "./lspSession.js";

export interface LspOptions {
  readonly stream: Duplex;
  readonly assistant: Assistant;
  readonly log: Log;
  readonly version: string;
}

/** Serves until the stream ends. `close` ends it from this side. */
export function serveLsp({ version, ...options }: LspOptions): { close(): void } {
  const session = new LspSession(options);
  answerInitialize(session, version);
  mirrorDocuments(session);
  answerInlineCompletions(session);
  answerCorrections(session);
  answerChat(session);
  session.connection.listen();
  return session;
}

function answerInitialize({ connection, folders }: LspSession, version: string): void {
  connection.onRequest(InitializeRequest.type, (params) => {
    const options = initializationSchema.parse(params.initializationOptions ?? {});
    folders.set(params.workspaceFolders ?? [], params.rootUri);
    return {
      capabilities: {
        textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental },
        executeCommandProvider: { commands: [ACCEPTED_COMMAND] },
        workspace: { workspaceFolders: { supported: true, changeNotifications: true } },
        ...(options.ownInlineCompletion ? {} : { inlineCompletionProvider: true }),
      },
      serverInfo: { name: "ouroboros", version },
    };
  });
  connection.onNotification(DidChangeWorkspaceFoldersNotification.type, ({ event: { added, removed } }) =>
    folders.change(added, removed),
  );
  connection.onRequest(ShutdownRequest.type, () => undefined);
}
