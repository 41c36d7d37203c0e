/**
 * The daemon's life: takes its place, opens its doors, serves until it is asked to end or nobody uses it, and leaves
 * everything written down. What it serves is handed in; nothing here knows a model or a correction.
 */

import { unlink } from "node:fs/promises";
import type { Server } from "node:http";
import type { Server as SocketServer } from "node:net";
import type { Duplex } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import type { Settings } from "@ouroboros/configs";
import type { Assistant } from "../../assistant/assistant.js";
import type { Log } from "../../base/log.js";
import { PROTOCOL_MAX, PROTOCOL_MIN } from "../../protocol/version.js";
import { createHttpServer } from "../http/httpServer.js";
import { removeDiscovery, writeDiscovery } from "./discovery.js";
import { createHandshakeServer } from "./handshakeServer.js";
import { createLeases, type Leases } from "./leases.js";
import { listenOnPort, listenOnSocket } from "./listen.js";
import { type LogFile, openLog } from "./logFile.js";
import type { Product } from "./product.js";
import type { Runtime } from "./runtimeFolder.js";
import { createToken } from "./token.js";

/** A training step and what is written down after it take a fraction of this; a hanging one must not keep the place. */
const DRAIN_MS_MAX = 30_000;
const MINUTE_MS = 60_000;

export interface ServeOptions {
  /** Prepared; the caller holds its lock until this has ended. */
  readonly runtime: Runtime;
  readonly settings: Settings;
  readonly version: string;
  readonly product: Product;
  /** Aborted: end. */
  readonly signal: AbortSignal;
  readonly onLog: (log: LogFile) => void;
  readonly onReady: () => void;
}

export type Served =
  | { readonly kind: "ended" }
  /** Something did not end in time: the process must be ended from outside. */
  | { readonly kind: "hanging" };

type Reason = "signal" | "drain" | "stop" | "idle";

/** Resolves when it has ended and nothing of it listens any more. Throws what opening throws. */
export async function serve(options: ServeOptions): Promise<Served> {
  const { runtime, settings, version, signal } = options;
  const log = openLog({ folder: runtime.log, level: settings["ouroboros.daemon.logLevel"] });
  options.onLog(log);
  const ending = endRequests(signal);
  try {
    const token = await createToken(runtime.token);
    const assistant = await options.product.openAssistant(log);
    try {
      const doors = await openDoors({ ...options, log, token, assistant, ending });
      log.info({ version, httpPort: settings["ouroboros.http.port"] }, "started");
      options.onReady();
      const reason = await ending.asked;
      log.info({ kind: reason }, "ending");
      return await closeAll({ doors, assistant, log });
    } catch (error) {
      await assistant.close();
      throw error;
    }
  } finally {
    await removeDiscovery(runtime.discovery);
    await unlink(runtime.token).catch(() => undefined);
    await log.close();
  }
}

interface Ending {
  readonly asked: Promise<Reason>;
  readonly isAsked: () => boolean;
  readonly ask: (reason: Reason) => void;
}

/** The first request to end counts. */
function endRequests(signal: AbortSignal): Ending {
  let isAsked = false;
  let ask: (reason: Reason) => void = () => undefined;
  const asked = new Promise<Reason>((resolve) => {
    ask = (reason) => {
      isAsked = true;
      resolve(reason);
    };
  });
  if (signal.aborted) ask("signal");
  signal.addEventListener("abort", () => ask("signal"), { once: true });
  return { asked, isAsked: () => isAsked, ask };
}

interface Doors {
  /** Nobody comes in any more, and LSP clients are told to leave. */
  closeToNew(): void;
  /** Cuts off whoever is still there. */
  closeToAll(): void;
}

interface Opening extends ServeOptions {
  readonly log: Log;
  readonly token: string;
  readonly assistant: Assistant;
  readonly ending: Ending;
}

/** Nobody is let in before all doors can be opened. */
async function openDoors(opening: Opening): Promise<Doors> {
  const { runtime, settings, version } = opening;
  const httpPort = settings["ouroboros.http.port"] || null;
  const leases = leasesOf(opening);
  const windows = new Set<Window>();
  const lspServer = lspDoor({ ...opening, leases, windows });
  const httpServer = httpDoor({ ...opening, leases, port: null });
  const portServer = httpPort === null ? undefined : httpDoor({ ...opening, leases, port: httpPort });
  const httpServers = portServer === undefined ? [httpServer] : [httpServer, portServer];
  const doors: Doors = {
    closeToNew() {
      leases.close();
      for (const server of [lspServer, ...httpServers]) stopListening(server);
      for (const window of windows) {
        window.close();
        window.stream.end();
      }
    },
    closeToAll() {
      for (const { stream } of windows) stream.destroy();
      for (const server of httpServers) server.closeAllConnections();
    },
  };
  try {
    if (portServer !== undefined && httpPort !== null) await listenOnPort(portServer, httpPort);
    await listenOnSocket(lspServer, runtime.lspSocket);
    await listenOnSocket(httpServer, runtime.httpSocket);
    await writeDiscovery(runtime.discovery, discoveryOf({ runtime, version, httpPort }));
    return doors;
  } catch (error) {
    doors.closeToNew();
    doors.closeToAll();
    throw error;
  }
}

interface Window {
  readonly stream: Duplex;
  close(): void;
}

function leasesOf({ settings, assistant, log, ending }: Opening): Leases {
  return createLeases({
    limits: {
      unloadAfterMs: settings["ouroboros.daemon.unloadAfterMinutes"] * MINUTE_MS,
      exitAfterMs: settings["ouroboros.daemon.exitAfterMinutes"] * MINUTE_MS,
    },
    nowMs: () => performance.now(),
    onUnload: () => void unload(assistant, log),
    onExit: () => ending.ask("idle"),
  });
}

function lspDoor(
  opening: Opening & { readonly leases: Leases; readonly windows: Set<Window> },
): SocketServer {
  const { product, assistant, version, log, token, ending, leases, windows } = opening;
  return createHandshakeServer({
    token,
    version,
    log,
    isDraining: ending.isAsked,
    onDrain: () => ending.ask("drain"),
    onLsp(stream) {
      const lease = leases.take();
      const served = product.serveLsp({ stream, assistant, log, version });
      const window = { stream, close: () => served.close() };
      windows.add(window);
      stream.once("close", () => {
        windows.delete(window);
        lease.release();
      });
    },
  });
}

function httpDoor(opening: Opening & { readonly leases: Leases; readonly port: number | null }): Server {
  const { assistant, version, log, token, ending, leases, port } = opening;
  return createHttpServer({
    door: { token, port },
    assistant,
    version,
    log,
    isDraining: ending.isAsked,
    onStop: () => ending.ask("stop"),
    takeLease: () => leases.take(),
  });
}

function discoveryOf(daemon: {
  readonly runtime: Runtime;
  readonly version: string;
  readonly httpPort: number | null;
}) {
  const { runtime, version, httpPort } = daemon;
  return {
    pid: process.pid,
    startedAt: new Date().toISOString(),
    version,
    protocol: { min: PROTOCOL_MIN, max: PROTOCOL_MAX },
    lspSocket: runtime.lspSocket,
    httpSocket: runtime.httpSocket,
    httpPort,
    log: runtime.log,
  };
}

/** Also removes the socket's file, which must be gone before the lock is. */
function stopListening(server: SocketServer): void {
  if (server.listening) server.close();
}

async function unload(assistant: Assistant, log: Log): Promise<void> {
  try {
    await assistant.unload();
    log.info({}, "model freed");
  } catch (error) {
    log.error({ error }, "model could not be freed");
  }
}

async function closeAll(open: {
  readonly doors: Doors;
  readonly assistant: Assistant;
  readonly log: Log;
}): Promise<Served> {
  const { doors, assistant, log } = open;
  doors.closeToNew();
  const limit = new AbortController();
  const timeout = delay(DRAIN_MS_MAX, "hanging" as const, { signal: limit.signal }).catch(
    () => "ended" as const,
  );
  const closed = assistant.close().then(
    () => "ended" as const,
    (error: unknown) => {
      log.error({ error }, "could not end cleanly");
      return "ended" as const;
    },
  );
  const kind = await Promise.race([closed, timeout]);
  limit.abort();
  if (kind === "hanging") log.error({}, "could not end in time");
  doors.closeToAll();
  log.info({}, "ended");
  return { kind };
}
