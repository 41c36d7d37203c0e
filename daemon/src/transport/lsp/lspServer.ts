/**
 * One LSP client on one stream: translates between the protocol and the Assistant, mirrors the client's documents, and
 * follows what it accepts. Uses the protocol library's common connection, whose `exit` and death of a client end this
 * connection and nothing else.
 */

import type { Duplex } from "node:stream";
import {
  type Connection,
  createConnection,
  createProtocolConnection,
  ErrorCodes,
  LSPErrorCodes,
  ResponseError,
  TextDocumentSyncKind,
} from "vscode-languageserver";
import { StreamMessageReader, StreamMessageWriter } from "vscode-languageserver/node";
import type { z } from "zod";
import type { Assistant, Client } from "../../assistant/assistant.js";
import { codeOf, errorMessage } from "../../base/errorMessage.js";
import type { Log } from "../../base/log.js";
import { DAEMON_NOTIFICATIONS } from "../../protocol/methods.js";
import { ACCEPTED_COMMAND } from "../../protocol/suggestions.js";
import { answerChat } from "./lspChat.js";
import { answerCorrections } from "./lspCorrections.js";
import { mirrorDocuments } from "./lspDocuments.js";
import { createFolders, initializationSchema } from "./lspFolders.js";
import { answerInlineCompletions } from "./lspInlineCompletion.js";

export interface LspOptions {
  readonly stream: Duplex;
  readonly assistant: Assistant;
  readonly log: Log;
  readonly version: string;
}

/** Of notifications to a client that does not read; its window has long been dead. It may come back and connect anew. */
const UNSENT_MAX = 2000;

/** What every group of handlers works with. */
export interface LspSession {
  readonly connection: Connection;
  readonly client: Client;
  /** Never waits; a client that reads nothing is cut off. */
  readonly notify: (method: string, params: unknown) => void;
  readonly documents: ReturnType<typeof mirrorDocuments>;
  readonly folders: ReturnType<typeof createFolders>;
  /** Checks parameters at the door and turns failures into the protocol's errors. */
  readonly guarded: <Schema extends z.ZodType, Result>(
    schema: Schema,
    handle: (params: z.infer<Schema>, signal: AbortSignal) => Promise<Result>,
  ) => (params: unknown, token: CancellationLike) => Promise<Result | ResponseError<unknown>>;
}

interface CancellationLike {
  readonly isCancellationRequested: boolean;
  onCancellationRequested(listener: () => void): { dispose(): void };
}

/** Serves until the stream ends. `close` ends it from this side. */
export function serveLsp({ stream, assistant, log, version }: LspOptions): { close(): void } {
  const connection = createConnection(
    (logger) =>
      createProtocolConnection(new StreamMessageReader(stream), new StreamMessageWriter(stream), logger),
    // A daemon outlives its clients: neither `exit` nor a client's death may end the process.
    { shutdownReceived: false, initialize: () => {}, exit: () => stream.end() },
  );
  let unsent = 0;
  const notify = (method: string, params: unknown) => {
    if (stream.destroyed) return;
    if (unsent >= UNSENT_MAX) {
      log.warn({ count: unsent }, "a client does not read");
      stream.destroy();
      return;
    }
    unsent += 1;
    connection
      .sendNotification(method, params)
      .catch(() => undefined)
      .finally(() => {
        unsent -= 1;
      });
  };
  const client = assistant.connect({
    onState: (state) => notify(DAEMON_NOTIFICATIONS.didChangeState, state),
    onLearned: (event) => notify(DAEMON_NOTIFICATIONS.didLearn, event),
  });
  const folders = createFolders();
  const documents = mirrorDocuments({ connection, client });
  const session: LspSession = { connection, client, notify, documents, folders, guarded: guardedBy(log) };
  answerInlineCompletions(session);
  answerCorrections(session);
  answerChat(session);

  connection.onInitialize((params) => {
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
  connection.onInitialized(() => {
    connection.workspace.onDidChangeWorkspaceFolders(({ added, removed }) => folders.change(added, removed));
  });

  const end = () => {
    client.close();
    connection.dispose();
    stream.destroy();
  };
  stream.once("close", end);
  stream.on("error", () => stream.destroy());
  connection.listen();
  return { close: end };
}

function guardedBy(log: Log): LspSession["guarded"] {
  return (schema, handle) => async (params, token) => {
    const parsed = schema.safeParse(params);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      return new ResponseError(ErrorCodes.InvalidParams, `${issue?.path.join(".")}: ${issue?.message}`);
    }
    const abort = new AbortController();
    if (token.isCancellationRequested) abort.abort();
    const listening = token.onCancellationRequested(() => abort.abort());
    try {
      return await handle(parsed.data, abort.signal);
    } catch (error) {
      if (abort.signal.aborted) return new ResponseError(LSPErrorCodes.RequestCancelled, "cancelled");
      log.warn({ code: codeOf(error) }, "request failed");
      return new ResponseError(LSPErrorCodes.RequestFailed, errorMessage(error), { code: codeOf(error) });
    } finally {
      listening.dispose();
    }
  };
}
