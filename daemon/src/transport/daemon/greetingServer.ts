/**
 * The door of the LSP socket: who comes in has shown the token and speaks a protocol that this daemon knows, in one
 * line each way. Behind the door the stream is LSP's alone; what a client sent along with its greeting stays in it.
 */

import { createServer, type Server, type Socket } from "node:net";
import { assertNever } from "../../base/errors.js";
import type { Log } from "../../base/log.js";
import { GREETING_BYTES_MAX, type Greeting, greetingSchema, type Welcome } from "../../protocol/greeting.js";
import { commonProtocol, PROTOCOL_MAX, PROTOCOL_MIN } from "../../protocol/version.js";
import { readFirstLine } from "./firstLine.js";
import { isSameToken } from "./token.js";

/** A greeting is written at once by whoever has the token. */
const GREETING_MS = 5_000;
/** Far more windows than a person has open; each costs a mirror of its documents. */
export const LSP_CLIENTS_MAX = 64;
/** Connections that have not been let in yet; more wait at the system's door. */
const STRANGERS_MAX = 32;
/** Who does not close after a refusal is cut off. */
const FAREWELL_MS = 1_000;

export interface GreetingServerOptions {
  readonly token: string;
  readonly version: string;
  readonly log: Log;
  /** Takes over the stream of a client that was let in; it must listen when this returns. */
  readonly onLsp: (stream: Socket) => void;
  /** A client asked the daemon to end, and was told that it will. */
  readonly onDrain: () => void;
  readonly isDraining: () => boolean;
  /** For tests. */
  readonly greetingMs?: number;
}

type Refusal = Extract<Welcome, { kind: "refused" }>["code"];

/** Not listening yet. Closing it lets no more clients in; those who are in stay. */
export function createGreetingServer(options: GreetingServerOptions): Server {
  let clients = 0;
  let strangers = 0;
  return createServer((socket) => {
    // A client's death is its own affair: what it means is said by "close".
    socket.on("error", () => undefined);
    if (strangers >= STRANGERS_MAX) return refuse({ socket, code: "too-many-clients", options });
    strangers += 1;
    void greet(socket, options).then((answer) => {
      strangers -= 1;
      if (answer.kind === "gone") return;
      if (answer.kind === "refused") return refuse({ socket, code: answer.code, options });
      if (answer.kind === "drain") {
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
      socket.write(welcomeLine({ protocol: answer.protocol, version: options.version }));
      options.onLsp(socket);
      // It was paused behind the greeting, and whoever listens now would not know.
      socket.resume();
    });
  });
}

type Answer =
  | { readonly kind: "lsp"; readonly protocol: number }
  | { readonly kind: "drain" }
  | { readonly kind: "refused"; readonly code: Refusal }
  | { readonly kind: "gone" };

async function greet(socket: Socket, options: GreetingServerOptions): Promise<Answer> {
  const timeoutMs = options.greetingMs ?? GREETING_MS;
  const first = await readFirstLine({ socket, bytesMax: GREETING_BYTES_MAX, timeoutMs });
  switch (first.kind) {
    case "closed":
      return { kind: "gone" };
    case "too-long":
    case "too-slow":
      return { kind: "refused", code: "greeting-invalid" };
    case "line":
      return judge(parseGreeting(first.line), options);
    default:
      return assertNever(first);
  }
}

/** The token comes first: who does not have it learns nothing but that. */
function judge(greeting: Greeting | undefined, options: GreetingServerOptions): Answer {
  if (greeting === undefined) return { kind: "refused", code: "greeting-invalid" };
  if (!isSameToken(greeting.token, options.token)) return { kind: "refused", code: "token-wrong" };
  // Whoever asks for the end need not share a protocol: that is when it is asked for.
  if (greeting.want === "drain") return { kind: "drain" };
  if (options.isDraining()) return { kind: "refused", code: "draining" };
  const protocol = commonProtocol(greeting.protocol);
  if (protocol === undefined) return { kind: "refused", code: "protocol-unknown" };
  return { kind: "lsp", protocol };
}

function parseGreeting(line: string): Greeting | undefined {
  try {
    const parsed = greetingSchema.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

function refuse(refused: {
  readonly socket: Socket;
  readonly code: Refusal;
  readonly options: GreetingServerOptions;
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
  const timer = setTimeout(() => socket.destroy(), FAREWELL_MS);
  socket.once("close", () => clearTimeout(timer));
}

function welcomeLine({ protocol, version }: { readonly protocol: number; readonly version: string }): string {
  return line({ ouroboros: "answer", kind: "welcome", protocol, version, pid: process.pid });
}

function line(welcome: Welcome): string {
  return `${JSON.stringify(welcome)}\n`;
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
