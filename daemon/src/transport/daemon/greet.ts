/** The client's side of the greeting: one attempt to be let in at a daemon's LSP socket, or to ask it to end. */

import { createConnection, type Socket } from "node:net";
import { GREETING_BYTES_MAX, type Greeting, type Welcome, welcomeSchema } from "../../protocol/greeting.js";
import { PROTOCOL_MAX, PROTOCOL_MIN } from "../../protocol/version.js";
import { readFirstLine } from "./firstLine.js";

/** A daemon answers between two tasks of its event loop; only a broken one takes longer. */
const ANSWER_MS = 5_000;

export type Greeted =
  | { readonly kind: "welcome"; readonly stream: Socket; readonly pid: number; readonly version: string }
  | {
      readonly kind: "refused";
      readonly code: Extract<Welcome, { kind: "refused" }>["code"];
      readonly message: string;
      readonly version: string;
    }
  /** Nobody listens, or whoever did has just ended. */
  | { readonly kind: "absent" }
  /** Something listens, and does not answer as a daemon does. */
  | { readonly kind: "silent" };

/** A welcomed stream is paused, and the caller's to close. */
export async function greet(options: {
  readonly socketPath: string;
  readonly token: string;
  readonly version: string;
  readonly want: Greeting["want"];
}): Promise<Greeted> {
  const { socketPath, token, version, want } = options;
  const socket = await connect(socketPath);
  if (socket === undefined) return { kind: "absent" };
  const greeting: Greeting = {
    ouroboros: "greeting",
    token,
    protocol: { min: PROTOCOL_MIN, max: PROTOCOL_MAX },
    version,
    want,
  };
  socket.write(`${JSON.stringify(greeting)}\n`);
  const first = await readFirstLine({ socket, bytesMax: GREETING_BYTES_MAX, timeoutMs: ANSWER_MS });
  const welcome = first.kind === "line" ? parseWelcome(first.line) : undefined;
  if (welcome?.kind === "welcome") {
    return { kind: "welcome", stream: socket, pid: welcome.pid, version: welcome.version };
  }
  socket.destroy();
  if (welcome !== undefined) return welcome;
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

function parseWelcome(line: string): Welcome | undefined {
  try {
    const parsed = welcomeSchema.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
