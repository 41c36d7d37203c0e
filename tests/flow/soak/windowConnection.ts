/** One connection of a window to the daemon, over `ouro lsp` or on its socket, and the ways in which it can be lost. */

import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import type { Readable, Writable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { REQUESTS } from "../../../daemon/src/protocol/methods.js";
import { shakeHands } from "../../../daemon/src/transport/daemon/clientHandshake.js";
import { bin } from "../support/cli.js";
import { type LspConversation, speakLsp } from "../support/lspClient.js";
import type { SoakDaemon } from "./soakDaemon.js";

export const DOORS = ["ouro lsp", "socket"] as const;
export type Door = (typeof DOORS)[number];

export const WAYS = ["killed", "half-closed", "reads nothing"] as const;
type Way = (typeof WAYS)[number];

/** A socket's window starts no daemon: it looks so often whether the others have. */
const LOOK_EVERY_MS = 100;
/** How long a half-closed window still listens, and one that reads nothing is there. */
const HALF_CLOSED_MS = 300;
const UNREAD_MS = 3_000;
const UNREAD_REQUESTS = 1_000;

interface Line {
  readonly input: Readable;
  readonly output: Writable;
  /** Resolves when the other end is gone. */
  readonly ended: Promise<unknown>;
  kill(): void;
}

export interface WindowConnection {
  readonly conversation: LspConversation;
  /** The daemon's. */
  readonly pid: number;
  /** Resolves when it is over, by either side. */
  readonly ended: Promise<unknown>;
  /** Says goodbye, as an editor does that closes. */
  leave(): Promise<void>;
  cut(way: Way): Promise<void>;
}

/** Throws when the daemon went away meanwhile. */
export async function connectWindow(
  daemon: SoakDaemon,
  { door, folder, signal }: { readonly door: Door; readonly folder: string; readonly signal: AbortSignal },
): Promise<WindowConnection> {
  const line = door === "socket" ? await onSocket(daemon, signal) : throughProxy(daemon, folder);
  const conversation = speakLsp(line.input, line.output);
  const ended = line.ended.then(() => conversation.connection.dispose());
  const uri = pathToFileURL(folder).href;
  signal.addEventListener("abort", line.kill, { once: true });
  try {
    await conversation.initialize([uri]);
    const { pid } = await conversation.state(uri);
    return {
      conversation,
      pid,
      ended,
      async leave() {
        await conversation.sayGoodbye();
        line.output.end();
        await ended;
      },
      async cut(way) {
        await loseSlowly(line, conversation, { way, uri });
        line.kill();
        await ended;
      },
    };
  } catch (error) {
    line.kill();
    throw error;
  } finally {
    signal.removeEventListener("abort", line.kill);
  }
}

/** `killed` has no slow part. */
async function loseSlowly(
  { input, output }: Line,
  { connection }: LspConversation,
  { way, uri }: { readonly way: Way; readonly uri: string },
): Promise<void> {
  if (way === "half-closed") {
    output.end();
    await delay(HALF_CLOSED_MS);
  }
  if (way === "reads nothing") {
    input.pause();
    for (let asked = 0; asked < UNREAD_REQUESTS; asked++)
      connection.sendRequest(REQUESTS.learned, { uri }).catch(() => undefined);
    await delay(UNREAD_MS);
  }
}

async function onSocket({ runtime }: SoakDaemon, signal: AbortSignal): Promise<Line> {
  for (;;) {
    // One that ends takes its token along.
    const token = existsSync(runtime.token) ? readFileSync(runtime.token, "utf8") : "";
    const hello = { socketPath: runtime.lspSocket, token, version: "0.0.1", want: "lsp" } as const;
    const handshake = await shakeHands(hello);
    if (handshake.kind === "welcome") {
      const { stream } = handshake;
      stream.on("error", () => undefined);
      const ended = new Promise((resolve) => stream.once("close", resolve));
      // It comes paused.
      stream.resume();
      return { input: stream, output: stream, ended, kill: () => stream.destroy() };
    }
    await delay(LOOK_EVERY_MS, undefined, { signal });
  }
}

function throughProxy({ home }: SoakDaemon, folder: string): Line {
  const child = spawn(process.execPath, [bin, "lsp"], {
    cwd: folder,
    env: { ...process.env, OURO_HOME: home },
    stdio: ["pipe", "pipe", "ignore"],
  });
  child.stdin.on("error", () => undefined);
  const ended = new Promise((resolve) => child.once("exit", resolve));
  return { input: child.stdout, output: child.stdin, ended, kill: () => void child.kill("SIGKILL") };
}
