/** An editor without a screen, on the daemon's LSP socket: types, asks for completions, teaches. For measuring. */

import type { Duplex } from "node:stream";
import { pathToFileURL } from "node:url";
import { createProtocolConnection } from "vscode-languageserver";
import { StreamMessageReader, StreamMessageWriter } from "vscode-languageserver/node";
import { z } from "zod";
import { type CorrectParams, correctResultSchema, didLearnSchema } from "../../../protocol/corrections.js";
import { DAEMON_NOTIFICATIONS, REQUESTS } from "../../../protocol/methods.js";

const itemsSchema = z.object({ items: z.array(z.object({ insertText: z.string() })) });

export interface ScriptedEditor {
  open(path: string, text: string): Promise<ScriptedDocument>;
  /** Resolves with the id when the correction is acknowledged. */
  correct(params: CorrectParams): Promise<string>;
  /** Resolves when it was learned, or was found not to be learnable. */
  learned(correctionId: string): Promise<void>;
  close(): void;
}

export interface ScriptedDocument {
  readonly uri: string;
  /** One keystroke at a line and character, and the time until the completion behind it is there. */
  keystroke(at: { line: number; character: number }, key: string): Promise<number>;
  close(): Promise<void>;
}

export async function openScriptedEditor(stream: Duplex, folder: string): Promise<ScriptedEditor> {
  const connection = createProtocolConnection(
    new StreamMessageReader(stream),
    new StreamMessageWriter(stream),
  );
  const settled = new Set<string>();
  const waiting = new Map<string, () => void>();
  connection.onNotification(DAEMON_NOTIFICATIONS.didLearn, (params: unknown) => {
    const { correctionId } = didLearnSchema.parse(params);
    settled.add(correctionId);
    waiting.get(correctionId)?.();
  });
  connection.onError(() => stream.destroy());
  connection.listen();
  // It comes paused, so that nothing is missed.
  stream.resume();
  const uri = pathToFileURL(folder).href;
  await connection.sendRequest("initialize", {
    processId: null,
    rootUri: uri,
    capabilities: {},
    workspaceFolders: [{ uri, name: "bench" }],
  });
  await connection.sendNotification("initialized", {});
  return {
    async open(path, text) {
      const document = pathToFileURL(path).href;
      let version = 1;
      await connection.sendNotification("textDocument/didOpen", {
        textDocument: { uri: document, languageId: "typescript", version, text },
      });
      return {
        uri: document,
        async keystroke({ line, character }, key) {
          version += 1;
          const startedMs = performance.now();
          await connection.sendNotification("textDocument/didChange", {
            textDocument: { uri: document, version },
            contentChanges: [{ range: { start: { line, character }, end: { line, character } }, text: key }],
          });
          const isLineEnd = key === "\n";
          const position = isLineEnd ? { line: line + 1, character: 0 } : { line, character: character + 1 };
          itemsSchema.parse(
            await connection.sendRequest("textDocument/inlineCompletion", {
              textDocument: { uri: document },
              position,
              context: { triggerKind: 2 },
            }),
          );
          return performance.now() - startedMs;
        },
        close: () =>
          connection.sendNotification("textDocument/didClose", { textDocument: { uri: document } }),
      };
    },
    async correct(params) {
      return correctResultSchema.parse(await connection.sendRequest(REQUESTS.correct, params)).correctionId;
    },
    async learned(correctionId) {
      if (settled.has(correctionId)) return;
      await new Promise<void>((resolve) => waiting.set(correctionId, resolve));
    },
    close() {
      connection.dispose();
      stream.destroy();
    },
  };
}
