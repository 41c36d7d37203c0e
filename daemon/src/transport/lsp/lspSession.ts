/**
 * One LSP client that is connected: its connection, its place at the Assistant, the documents and folders it has open,
 * and how it is answered and notified. What it may ask for stands in the files beside this one.
 */

import type { Duplex } from "node:stream";
import {
  type Connection,
  createConnection,
  createProtocolConnection,
  ErrorCodes,
  LSPErrorCodes,
  ResponseError,
} from "vscode-languageserver";
import { StreamMessageReader, StreamMessageWriter } from "vscode-languageserver/node";
import type { z } from "zod";
import type { Assistant, Client } from "../../assistant/assistant.js";
import { codeOf, errorMessage } from "../../base/errorMessage.js";
import type { Log } from "../../base/log.js";
import { AcceptedTexts } from "../../documents/acceptedTexts.js";
import { DocumentStore } from "../../documents/documentStore.js";
import { DAEMON_NOTIFICATIONS } from "../../protocol/methods.js";
import { LspFolders } from "./lspFolders.js";

/** Notifications that may wait for a client; one that reads none of them is cut off, and may connect anew. */
const UNSENT_MAX = 2000;

interface CancellationLike {
  readonly isCancellationRequested: boolean;
  onCancellationRequested(listener: () => void): { dispose(): void };
}

/** Handles a request of the protocol: answers, or returns the protocol's error; never throws. */
type RequestHandler<Result> = (
  params: unknown,
  token: CancellationLike,
) => Promise<Result | ResponseError<unknown>>;

/** Reads nothing before `connection.listen()`. */
export class LspSession {
  readonly connection: Connection;
  readonly client: Client;
  readonly folders = new LspFolders();
  readonly documents = new DocumentStore();
  readonly accepted = new AcceptedTexts();
  readonly #stream: Duplex;
  readonly #log: Log;
  #unsent = 0;

  constructor(options: { readonly stream: Duplex; readonly assistant: Assistant; readonly log: Log }) {
    const { stream, assistant, log } = options;
    this.#stream = stream;
    this.#log = log;
    this.connection = createConnection(
      (logger) =>
        createProtocolConnection(new StreamMessageReader(stream), new StreamMessageWriter(stream), logger),
      // A daemon outlives its clients: neither `exit` nor a client's death may end the process.
      { shutdownReceived: false, initialize: () => {}, exit: () => stream.end() },
    );
    this.client = assistant.connect({
      onState: (state) => this.notify(DAEMON_NOTIFICATIONS.didChangeState, state),
      onLearned: (event) => this.notify(DAEMON_NOTIFICATIONS.didLearn, event),
    });
    stream.once("close", () => this.close());
    stream.on("error", () => stream.destroy());
  }

  /** Never waits; a client that reads nothing is cut off. */
  notify(method: string, params: unknown): void {
    if (this.#stream.destroyed) return;
    if (this.#unsent >= UNSENT_MAX) {
      this.#log.warn({ count: this.#unsent }, "a client does not read");
      this.#stream.destroy();
      return;
    }
    this.#unsent += 1;
    this.connection
      .sendNotification(method, params)
      .catch(() => undefined)
      .finally(() => {
        this.#unsent -= 1;
      });
  }

  /** Checks a request's parameters where they come in, and turns failures into the protocol's errors. */
  guarded<Schema extends z.ZodType, Result>(
    schema: Schema,
    handle: (params: z.infer<Schema>, signal: AbortSignal) => Promise<Result>,
  ): RequestHandler<Result> {
    return async (params, token) => {
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
        this.#log.warn({ code: codeOf(error) }, "request failed");
        return new ResponseError(LSPErrorCodes.RequestFailed, errorMessage(error), { code: codeOf(error) });
      } finally {
        listening.dispose();
      }
    };
  }

  /** Ends the connection from this side. */
  close(): void {
    this.client.close();
    this.connection.dispose();
    this.#stream.destroy();
  }
}
