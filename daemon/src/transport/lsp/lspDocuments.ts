/** Keeps one LSP client's documents, and the completions it has accepted in them, in step with what it reports. */

import type { LspSession } from "./lspSession.js";

export function mirrorDocuments({ connection, client, documents, accepted }: LspSession): void {
  connection.onDidOpenTextDocument(({ textDocument }) => documents.open(textDocument));
  connection.onDidChangeTextDocument(({ textDocument, contentChanges }) => {
    const { uri, version } = textDocument;
    accepted.edited(uri, documents.change({ uri, version, changes: contentChanges }));
  });
  connection.onDidCloseTextDocument(({ textDocument: { uri } }) => {
    documents.close(uri);
    accepted.forget(uri);
    client.forget(uri);
  });
}
