/** One LSP client's documents and the completions it has accepted in them, kept in step with what it reports. */

import type { Connection } from "vscode-languageserver";
import type { Client } from "../../assistant/assistant.js";
import { createAcceptedTexts } from "../../documents/acceptedTexts.js";
import { createDocumentStore } from "../../documents/documentStore.js";

export function mirrorDocuments({ connection, client }: { connection: Connection; client: Client }) {
  const documents = createDocumentStore();
  const accepted = createAcceptedTexts();
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
  return { documents, accepted };
}
