/**
 * Writes messages to one client's stream. A client that is lost or does not read is nobody's failure: what is written
 * to it goes nowhere, and whoever leaves too much unread is cut off.
 */

import type { Duplex } from "node:stream";
import { AbstractMessageWriter, type Message, type MessageWriter } from "vscode-languageserver";

/** More than a window that hangs for minutes is sent meanwhile; with one answer on top, whatever its length. */
const UNREAD_BYTES_MAX = 8 << 20;

export class LspWriter extends AbstractMessageWriter implements MessageWriter {
  readonly #stream: Duplex;
  readonly #onUnread: () => void;

  constructor(options: {
    readonly stream: Duplex;
    /** The client is about to be cut off. */
    readonly onUnread: () => void;
  }) {
    super();
    this.#stream = options.stream;
    this.#onUnread = options.onUnread;
    this.#stream.once("close", () => this.fireClose());
  }

  /** Never waits for the client. Rejects for what is no JSON alone. */
  async write(message: Message): Promise<void> {
    const stream = this.#stream;
    if (stream.destroyed || stream.writableEnded) return;
    const content = JSON.stringify(message);
    if (stream.writableLength > UNREAD_BYTES_MAX) {
      this.#onUnread();
      stream.destroy();
      return;
    }
    stream.write(`Content-Length: ${Buffer.byteLength(content)}\r\n\r\n${content}`);
  }

  end(): void {
    this.#stream.end();
  }
}
