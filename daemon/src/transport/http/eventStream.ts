/**
 * Server-sent events, both ways: how an answer that comes piece by piece is written and read. Each event has a name
 * and one line of JSON.
 */

import type { ServerResponse } from "node:http";
import { AppError } from "../../base/errors.js";

/** A client that reads more slowly than this much is written is cut off, so that its answer fills no memory. */
const EVENT_BYTES_WAITING_MAX = 1 << 20;
/** One event holds at most the longest text of the protocol. */
const EVENT_CHARACTERS_MAX = 4 << 20;

export interface ServerEvent {
  readonly name: string;
  readonly data: unknown;
}

interface EventWriter {
  /** Does nothing once the client is gone. */
  send(event: ServerEvent): void;
  end(): void;
}

/** Answers with a stream of events from now on. */
export function startEvents(response: ServerResponse): EventWriter {
  response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
  response.flushHeaders();
  return {
    send(event) {
      if (response.destroyed || response.writableEnded) return;
      response.write(formatEvent(event));
      if (response.writableLength > EVENT_BYTES_WAITING_MAX) response.destroy();
    },
    end() {
      response.end();
    },
  };
}

export function formatEvent({ name, data }: ServerEvent): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** The events of a stream whose pieces may end anywhere. Throws `daemon-refused` for what is no such stream. */
export async function* readEvents(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder();
  let waiting = "";
  for await (const chunk of chunks) {
    waiting += decoder.decode(chunk, { stream: true });
    const blocks = waiting.split("\n\n");
    waiting = blocks.pop() ?? "";
    for (const block of blocks) yield parseEvent(block);
    if (waiting.length > EVENT_CHARACTERS_MAX) throw unreadable();
  }
}

function parseEvent(block: string): ServerEvent {
  const match = /^event: ([a-z]+)\ndata: ([^\n]+)$/.exec(block);
  if (match === null) throw unreadable();
  const [, name = "", data = ""] = match;
  return { name, data: JSON.parse(data) };
}

function unreadable(): AppError {
  return new AppError(
    "daemon-refused",
    "the daemon's answer cannot be read; use one version of ouro everywhere",
  );
}
