/**
 * One LSP client that is connected: its connection, its place at the Assistant, the documents and folders it has open,
 * and how it is answered and notified. What it may ask for stands in the files beside this one.
 */

import type { Duplex } from "node:stream";
import {
  createProtocolConnection,
  ErrorCodes,
  ExitNotification,
  LSPErrorCodes,
  MessageType,
  type ProtocolConnection,
  ResponseError,
  ShowMessageNotification,
} from "vscode-languageserver";
import type { z } from "zod";
import type { Assistant, Client, Where } from "../../assistant/assistant.js";
import { codeOf, errorMessage } from "../../base/errorMessage.js";
import { AppError } from "../../base/errors.js";
import type { Log } from "../../base/log.js";
import { AcceptedTexts } from "../../documents/acceptedTexts.js";
import { DocumentStore } from "../../documents/documentStore.js";
import { DAEMON_NOTIFICATIONS } from "../../protocol/methods.js";
import { LspFolders } from "./lspFolders.js";
import { LspReader } from "./lspReader.js";
import { LspWriter } from "./lspWriter.js";
import { type Frame, MESSAGE_BYTES_MAX } from "./messageFrames.js";

/**
 * Requests of one client that may wait for their answers: an editor has a few. The engine takes 64 of all clients, so
 * that three that flood it leave places for the others.
 */
const REQUESTS_RUNNING_MAX = 16;

/** What the library has to say quotes what it was sent, and the client that it would say it to may be lost. */
const nothing = () => {};
const SILENT = { error: nothing, warn: nothing, info: nothing, log: nothing };

interface CancellationLike {
  readonly isCancellationRequested: boolean;
  onCancellationRequested(listener: () => void): { dispose(): void };
}

/** Handles a request of the protocol: answers, or returns the protocol's error; never throws. */
type RequestHandler<Result> = (
  params: unknown,
  token: CancellationLike,
) => Promise<Result | ResponseError<unknown>>;

/**
 * Reads nothing before `connection.listen()`. Whatever happens to the client, nothing here throws or rejects outside
 * of its own requests: its end is no event for anybody else.
 */
export class LspSession {
  readonly connection: ProtocolConnection;
  readonly client: Client;
  readonly folders = new LspFolders();
  readonly documents = new DocumentStore();
  readonly accepted = new AcceptedTexts();
  readonly #stream: Duplex;
  readonly #log: Log;
  readonly #running = new Set<AbortController>();

  constructor(options: { readonly stream: Duplex; readonly assistant: Assistant; readonly log: Log }) {
    const { stream, assistant, log } = options;
    this.#stream = stream;
    this.#log = log;
    stream.on("error", () => stream.destroy());
    this.connection = createProtocolConnection(
      new LspReader({
        stream,
        onRefused: (frame) => this.#refuse(frame),
        onInvalid: () => log.warn({}, "a message of a client is not valid"),
      }),
      new LspWriter({
        stream,
        onUnread: () => log.warn({ bytes: stream.writableLength }, "a client does not read"),
      }),
      SILENT,
    );
    this.client = assistant.connect({
      onState: (state) => this.notify(DAEMON_NOTIFICATIONS.didChangeState, state),
      onLearned: (event) => this.notify(DAEMON_NOTIFICATIONS.didLearn, event),
    });
    stream.once("close", () => this.close());
    // A daemon outlives its clients: this ends the connection and nothing else.
    this.connection.onNotification(ExitNotification.type, () => {
      stream.end();
    });
  }

  /** Where a document or folder lies, with its language where it is open. See `LspFolders.whereIs`. */
  whereIs(uri: string | null): Where {
    const open = uri === null ? undefined : this.documents.get(uri);
    return { ...this.folders.whereIs(uri), ...(open && { language: open.languageId }) };
  }

  /** Never waits, and never fails; a client that reads nothing is cut off. */
  notify(method: string, params: unknown): void {
    if (this.#stream.destroyed) return;
    try {
      // The library throws once the connection is closed, and rejects for what cannot be written.
      this.connection.sendNotification(method, params).catch(nothing);
    } catch (error) {
      this.#log.debug({ error }, "a client was not told");
    }
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
        this.#mustHaveRoom();
        this.#running.add(abort);
        return await handle(parsed.data, abort.signal);
      } catch (error) {
        if (abort.signal.aborted) return new ResponseError(LSPErrorCodes.RequestCancelled, "cancelled");
        // Of those there may be thousands, and each may be one line.
        const isRefused = codeOf(error) === "client-busy";
        this.#log[isRefused ? "debug" : "warn"]({ code: codeOf(error) }, "request failed");
        return new ResponseError(LSPErrorCodes.RequestFailed, errorMessage(error), { code: codeOf(error) });
      } finally {
        this.#running.delete(abort);
        listening.dispose();
      }
    };
  }

  /** Throws `client-busy`. */
  #mustHaveRoom(): void {
    if (this.#running.size < REQUESTS_RUNNING_MAX) return;
    throw new AppError(
      "client-busy",
      `${REQUESTS_RUNNING_MAX} requests of this editor wait for their answers; ask again when some are done`,
    );
  }

  /** Told to whoever sits before the editor: the message's sender cannot be answered, its id was not read. */
  #refuse(frame: Exclude<Frame, { readonly kind: "message" }>): void {
    const isTooLong = frame.kind === "too-long";
    this.#log.warn({ code: frame.kind, ...(isTooLong && { bytes: frame.bytes }) }, "a message was refused");
    const message = isTooLong
      ? `Ouroboros skipped a message of ${frame.bytes} bytes; ${MESSAGE_BYTES_MAX} are the most: close the document that is too long`
      : "Ouroboros cannot read what this editor sends, and leaves it; connect anew with `ouro lsp`";
    this.notify(ShowMessageNotification.method, { type: MessageType.Error, message });
    if (!isTooLong) this.#stream.end();
  }

  /** Ends the connection from this side. */
  close(): void {
    for (const running of this.#running) running.abort();
    this.client.close();
    this.connection.dispose();
    this.#stream.destroy();
  }
}
