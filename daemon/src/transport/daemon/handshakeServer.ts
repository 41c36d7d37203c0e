/**
 * The server's side of the handshake on the LSP socket: a client that passes it has shown the token and speaks a protocol
 * that this daemon knows, in one line each way. From there on the stream is LSP's alone; what a client sent along with
 * its hello stays in it.
 */

import { createServer, type Server, type Socket } from "node:net";
import { assertNever } from "../../base/errors.js";
import type { Log } from "../../base/log.js";
import {
  type ClientHello,
  clientHelloSchema,
  HANDSHAKE_BYTES_MAX,
  type ServerHello,
} from "../../protocol/handshake.js";
import { commonProtocol, PROTOCOL_MAX, PROTOCOL_MIN } from "../../protocol/version.js";
import { readFirstLine } from "./firstLine.js";
import { isSameToken } from "./token.js";

/** A hello is written at once by whoever has the token. */
const HANDSHAKE_MS = 5_000;
/** Far more windows than a person has open; each costs a mirror of its documents. */
export const LSP_CLIENTS_MAX = 64;
/** Handshakes under way; more connections are refused. */
const HANDSHAKES_MAX = 32;
/** A client that does not close after a refusal is cut off after this. */
const LINGER_MS = 1_000;

interface HandshakeServerOptions {
  readonly token: string;
  readonly version: string;
  readonly log: Log;
  /** Takes over the stream of a client that was let in; it must listen when this returns. */
  readonly onLsp: (stream: Socket) => void;
  /** A client asked the daemon to end, and was told that it will. */
  readonly onDrain: () => void;
  readonly isDraining: () => boolean;
  /** For tests. */
  readonly handshakeMs?: number;
}

type Refusal = Extract<ServerHello, { kind: "refused" }>["code"];

/** Not listening yet. Closing it lets no more clients in; clients that are in stay. */
export function createHandshakeServer(options: HandshakeServerOptions): Server {
  let clients = 0;
  let handshakes = 0;
  const server = createServer((socket) => {
    // A client's death is its own affair: what it means is said by "close".
    socket.on("error", () => undefined);
    if (handshakes >= HANDSHAKES_MAX) return refuse({ socket, code: "too-many-clients", options });
    handshakes += 1;
    const letIn = (verdict: Verdict) => {
      if (verdict.kind === "gone" || socket.destroyed) return;
      if (verdict.kind === "refused") return refuse({ socket, code: verdict.code, options });
      if (verdict.kind === "drain") {
        socket.end(welcomeLine({ protocol: PROTOCOL_MAX, version: options.version }));
        cutOffLater(socket);
        options.onDrain();
        return;
      }
      if (clients >= LSP_CLIENTS_MAX) return refuse({ socket, code: "too-many-clients", options });
      clients += 1;
      socket.once("close", () => {
        clients -= 1;
      });
      socket.write(welcomeLine({ protocol: verdict.protocol, version: options.version }));
      options.onLsp(socket);
      // It was paused behind the hello, and whoever listens now would not know.
      socket.resume();
    };
    receiveHello(socket, options)
      .finally(() => {
        handshakes -= 1;
      })
      .then(letIn)
      .catch((error: unknown) => {
        // One client that cannot be served is no reason to leave the others.
        options.log.error({ error }, "a client could not be let in");
        socket.destroy();
      });
  });
  // Out of files for a moment, say: whoever is in stays in, and the next one may be let in again.
  server.on("error", (error) => options.log.error({ error }, "an editor could not be accepted"));
  return server;
}

type Verdict =
  | { readonly kind: "lsp"; readonly protocol: number }
  | { readonly kind: "drain" }
  | { readonly kind: "refused"; readonly code: Refusal }
  | { readonly kind: "gone" };

async function receiveHello(socket: Socket, options: HandshakeServerOptions): Promise<Verdict> {
  const timeoutMs = options.handshakeMs ?? HANDSHAKE_MS;
  const first = await readFirstLine({ socket, bytesMax: HANDSHAKE_BYTES_MAX, timeoutMs });
  switch (first.kind) {
    case "closed":
      return { kind: "gone" };
    case "too-long":
    case "too-slow":
      return { kind: "refused", code: "greeting-invalid" };
    case "line":
      return judge(parseClientHello(first.line), options);
    default:
      return assertNever(first);
  }
}

/** The token comes first: a client without it learns nothing but that. */
function judge(hello: ClientHello | undefined, options: HandshakeServerOptions): Verdict {
  if (hello === undefined) return { kind: "refused", code: "greeting-invalid" };
  if (!isSameToken(hello.token, options.token)) return { kind: "refused", code: "token-wrong" };
  // A client that asks for the end need not share a protocol: that is when it is asked for.
  if (hello.want === "drain") return { kind: "drain" };
  if (options.isDraining()) return { kind: "refused", code: "draining" };
  const protocol = commonProtocol(hello.protocol);
  if (protocol === undefined) return { kind: "refused", code: "protocol-unknown" };
  return { kind: "lsp", protocol };
}

function parseClientHello(line: string): ClientHello | undefined {
  try {
    const parsed = clientHelloSchema.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

function refuse(refused: {
  readonly socket: Socket;
  readonly code: Refusal;
  readonly options: HandshakeServerOptions;
}): void {
  const { socket, code, options } = refused;
  options.log.warn({ code }, "client refused");
  const message = refusalMessage(code);
  socket.end(line({ ouroboros: "answer", kind: "refused", code, message, version: options.version }));
  cutOffLater(socket);
}

/** Reads on until the other side closes, so that it gets to see the answer; but not for ever. */
function cutOffLater(socket: Socket): void {
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once("close", () => clearTimeout(timer));
}

function welcomeLine({ protocol, version }: { readonly protocol: number; readonly version: string }): string {
  return line({ ouroboros: "answer", kind: "welcome", protocol, version, pid: process.pid });
}

function line(hello: ServerHello): string {
  return `${JSON.stringify(hello)}\n`;
}

function refusalMessage(code: Refusal): string {
  switch (code) {
    case "greeting-invalid":
      return "that was no greeting of an Ouroboros client; connect with `ouro lsp`";
    case "token-wrong":
      return "the token is not that of this daemon; read its token file again";
    case "protocol-unknown":
      return `this daemon speaks the protocols ${PROTOCOL_MIN} to ${PROTOCOL_MAX} only; use one version of Ouroboros everywhere`;
    case "draining":
      return "this daemon is about to end; connect again when it has ended";
    case "too-many-clients":
      return `more than ${LSP_CLIENTS_MAX} windows are connected; close some`;
    default:
      return assertNever(code);
  }
}
