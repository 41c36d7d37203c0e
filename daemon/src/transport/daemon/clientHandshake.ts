/** The client's side of the handshake: one attempt to be let in at a daemon's LSP socket, or to ask it to end. */

import { createConnection, type Socket } from "node:net";
import {
  type ClientHello,
  HANDSHAKE_BYTES_MAX,
  type ServerHello,
  serverHelloSchema,
} from "../../protocol/handshake.js";
import { PROTOCOL_MAX, PROTOCOL_MIN } from "../../protocol/version.js";
import { readFirstLine } from "./firstLine.js";

/** A daemon answers between two tasks of its event loop; only a broken one takes longer. */
const ANSWER_MS = 5_000;

type Handshake =
  | { readonly kind: "welcome"; readonly stream: Socket; readonly pid: number; readonly version: string }
  | {
      readonly kind: "refused";
      readonly code: Extract<ServerHello, { kind: "refused" }>["code"];
      readonly message: string;
      readonly version: string;
    }
  /** Nobody listens, or whoever did has just ended. */
  | { readonly kind: "absent" }
  /** Something listens, and does not answer as a daemon does. */
  | { readonly kind: "silent" };

/** The stream of a welcome is paused, and the caller's to close. */
export async function shakeHands(options: {
  readonly socketPath: string;
  readonly token: string;
  readonly version: string;
  readonly want: ClientHello["want"];
  /** Nobody waits for the answer any more. */
  readonly signal?: AbortSignal;
}): Promise<Handshake> {
  const { socketPath, token, version, want, signal } = options;
  const socket = await connect(socketPath);
  if (socket === undefined) return { kind: "absent" };
  const giveUp = () => socket.destroy();
  signal?.addEventListener("abort", giveUp, { once: true });
  const hello: ClientHello = {
    ouroboros: "greeting",
    token,
    protocol: { min: PROTOCOL_MIN, max: PROTOCOL_MAX },
    version,
    want,
  };
  socket.write(`${JSON.stringify(hello)}\n`);
  const first = await readFirstLine({ socket, bytesMax: HANDSHAKE_BYTES_MAX, timeoutMs: ANSWER_MS });
  signal?.removeEventListener("abort", giveUp);
  const answer = first.kind === "line" ? parseServerHello(first.line) : undefined;
  if (answer?.kind === "welcome") {
    return { kind: "welcome", stream: socket, pid: answer.pid, version: answer.version };
  }
  socket.destroy();
  if (answer !== undefined) return answer;
  return { kind: first.kind === "closed" ? "absent" : "silent" };
}

function connect(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    // Stays for the socket's life: what an error means is said by the "close" that follows it.
    socket.on("error", () => resolve(undefined));
    socket.once("connect", () => resolve(socket));
  });
}

function parseServerHello(line: string): ServerHello | undefined {
  try {
    const parsed = serverHelloSchema.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
