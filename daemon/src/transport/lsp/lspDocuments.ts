/** Keeps one LSP client's documents, and the completions it has accepted in them, in step with what it reports. */

import {
  DidChangeTextDocumentNotification,
  DidCloseTextDocumentNotification,
  DidOpenTextDocumentNotification,
} from "vscode-languageserver";
import type { LspSession } from "./lspSession.js";

export function mirrorDocuments({ connection, client, documents, accepted }: LspSession): void {
  connection.onNotification(DidOpenTextDocumentNotification.type, ({ textDocument }) =>
    documents.open(textDocument),
  );
  connection.onNotification(DidChangeTextDocumentNotification.type, ({ textDocument, contentChanges }) => {
    const { uri, version } = textDocument;
    accepted.edited(uri, documents.change({ uri, version, changes: contentChanges }));
  });
  connection.onNotification(DidCloseTextDocumentNotification.type, ({ textDocument: { uri } }) => {
    documents.close(uri);
    accepted.forget(uri);
    client.forget(uri);
  });
}
