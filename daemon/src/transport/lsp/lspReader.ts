/**
 * Reads one client's messages from its stream, no faster than they are taken: the protocol library queues whatever it is
 * given, so it is given one message at a time, and nothing is read from the stream before the last piece is used up.
 */

import type { Duplex } from "node:stream";
import { AbstractMessageReader, type DataCallback, type Disposable } from "vscode-languageserver";
import { type Frame, MessageFrames } from "./messageFrames.js";

interface LspReaderOptions {
  readonly stream: Duplex;
  /** Nothing that the client sends is read after what is `unreadable`; a message that is `too-long` is skipped. */
  readonly onRefused: (frame: Exclude<Frame, { readonly kind: "message" }>) => void;
  /** A message is no JSON, or no message of the protocol: it is skipped. */
  readonly onInvalid: () => void;
}

export class LspReader extends AbstractMessageReader {
  readonly #options: LspReaderOptions;
  readonly #frames = new MessageFrames();
  /** Of the last piece; taken from the end. */
  #waiting: Frame[] = [];
  #next: NodeJS.Immediate | undefined;
  #stopReading: () => void = () => {};

  constructor(options: LspReaderOptions) {
    super();
    this.#options = options;
  }

  listen(callback: DataCallback): Disposable {
    const { stream } = this.#options;
    const onData = (piece: Buffer) => {
      this.#waiting = [...this.#frames.push(piece)].reverse();
      if (this.#waiting.length === 0) return;
      stream.pause();
      this.#take(callback);
    };
    const onClose = () => this.fireClose();
    stream.on("data", onData);
    stream.once("close", onClose);
    this.#stopReading = () => {
      stream.off("data", onData);
      stream.off("close", onClose);
      clearImmediate(this.#next);
    };
    return { dispose: this.#stopReading };
  }

  override dispose(): void {
    super.dispose();
    this.#stopReading();
  }

  /** One message, and the next in the event loop's next turn, when the library has begun with this one. */
  #take(callback: DataCallback): void {
    const { stream, onRefused } = this.#options;
    const frame = this.#waiting.pop();
    if (frame === undefined) {
      stream.resume();
      return;
    }
    this.#next = setImmediate(() => this.#take(callback));
    if (frame.kind === "message") this.#give(frame.content, callback);
    else onRefused(frame);
  }

  #give(content: Buffer, callback: DataCallback): void {
    try {
      callback(JSON.parse(content.toString("utf8")));
    } catch {
      this.#options.onInvalid();
    }
  }
}
