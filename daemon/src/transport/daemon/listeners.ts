/**
 * Where clients come in: the LSP socket, the HTTP socket and, where a setting asks for it, a port of the loopback
 * address; and the note that says so. An editor uses the daemon while it is connected, a program while its request
 * runs; the daemon is idle when none does.
 */

import type { Server } from "node:http";
import type { Server as SocketServer } from "node:net";
import type { Duplex } from "node:stream";
import type { Settings } from "@ouroboros/configs";
import type { Assistant } from "../../assistant/assistant.js";
import type { Log } from "../../base/log.js";
import { PROTOCOL_MAX, PROTOCOL_MIN } from "../../protocol/version.js";
import { createHttpServer } from "../http/httpServer.js";
import { type Discovery, removeDiscovery, writeDiscovery } from "./discovery.js";
import type { EndRequest } from "./endRequest.js";
import { createHandshakeServer } from "./handshakeServer.js";
import { Leases } from "./leases.js";
import { listenOnPort, listenOnSocket } from "./listen.js";
import type { Product } from "./product.js";
import type { Runtime } from "./runtimeFolder.js";

const MINUTE_MS = 60_000;

interface ListenersOptions {
  readonly runtime: Runtime;
  readonly settings: Settings;
  readonly version: string;
  readonly product: Product;
  readonly assistant: Assistant;
  readonly log: Log;
  readonly token: string;
  readonly ending: EndRequest;
}

export class Listeners {
  readonly #options: ListenersOptions;
  readonly #leases: Leases;
  readonly #lspServer: SocketServer;
  readonly #httpServer: Server;
  /** Null: no port is asked for. */
  readonly #onPort: { readonly server: Server; readonly port: number } | null;
  /** Removes what of this daemon lies at the sockets' paths. */
  readonly #removals: (() => void)[] = [];
  /** The note about this daemon, once it is written. */
  #note: Discovery | undefined;
  /** Editors that are connected. */
  readonly #windows = new Map<Duplex, { close(): void }>();

  /** Nobody is let in before all can listen. Throws `socket-taken`, with nothing left that listens. */
  static async open(options: ListenersOptions): Promise<Listeners> {
    const listeners = new Listeners(options);
    try {
      await listeners.#listen();
      return listeners;
    } catch (error) {
      listeners.closeToNew();
      listeners.closeToAll();
      throw error;
    }
  }

  private constructor(options: ListenersOptions) {
    this.#options = options;
    this.#leases = leasesOf(options);
    this.#lspServer = this.#createLspServer();
    this.#httpServer = this.#createHttpServer(null);
    const port = options.settings["ouroboros.http.port"] || null;
    this.#onPort = port === null ? null : { server: this.#createHttpServer(port), port };
  }

  /** Nobody comes in any more, and LSP clients are told to leave. */
  closeToNew(): void {
    this.#leases.close();
    // Their files must be gone before the lock is.
    for (const remove of this.#removals.splice(0)) remove();
    stopListening(this.#lspServer);
    for (const server of this.#httpServers()) stopListening(server);
    for (const [stream, window] of this.#windows) {
      window.close();
      stream.end();
    }
  }

  /** Cuts off whoever is still there. */
  closeToAll(): void {
    for (const stream of this.#windows.keys()) stream.destroy();
    for (const server of this.#httpServers()) server.closeAllConnections();
  }

  async removeNote(): Promise<void> {
    if (this.#note !== undefined) await removeDiscovery(this.#options.runtime.discovery, this.#note);
  }

  async #listen(): Promise<void> {
    const { runtime, version } = this.#options;
    if (this.#onPort !== null) await listenOnPort(this.#onPort.server, this.#onPort.port);
    this.#removals.push(await listenOnSocket(this.#lspServer, runtime.lspSocket));
    this.#removals.push(await listenOnSocket(this.#httpServer, runtime.httpSocket));
    const httpPort = this.#onPort?.port ?? null;
    const note = discoveryOf({ runtime, version, httpPort });
    await writeDiscovery(runtime.discovery, note);
    this.#note = note;
  }

  #httpServers(): readonly Server[] {
    return this.#onPort === null ? [this.#httpServer] : [this.#httpServer, this.#onPort.server];
  }

  #createLspServer(): SocketServer {
    const { version, log, token, ending } = this.#options;
    return createHandshakeServer({
      token,
      version,
      log,
      isDraining: () => ending.isAsked,
      onDrain: () => ending.ask("drain"),
      onLsp: (stream) => this.#serveWindow(stream),
    });
  }

  #serveWindow(stream: Duplex): void {
    const { product, assistant, log, version } = this.#options;
    const lease = this.#leases.take();
    this.#windows.set(stream, product.serveLsp({ stream, assistant, log, version }));
    stream.once("close", () => {
      this.#windows.delete(stream);
      lease.release();
    });
  }

  #createHttpServer(port: number | null): Server {
    const { assistant, version, log, token, ending } = this.#options;
    return createHttpServer({
      listener: { token, port },
      assistant,
      version,
      log,
      isDraining: () => ending.isAsked,
      onStop: () => ending.ask("stop"),
      takeLease: () => this.#leases.take(),
    });
  }
}

function discoveryOf(
  daemon: Pick<Discovery, "version" | "httpPort"> & { readonly runtime: Runtime },
): Discovery {
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

function leasesOf({ settings, assistant, log, ending }: ListenersOptions): Leases {
  return new Leases({
    limits: {
      unloadAfterMs: settings["ouroboros.daemon.unloadAfterMinutes"] * MINUTE_MS,
      exitAfterMs: settings["ouroboros.daemon.exitAfterMinutes"] * MINUTE_MS,
    },
    nowMs: () => performance.now(),
    onUnload: () => void unload(assistant, log),
    onExit: () => ending.ask("idle"),
  });
}

async function unload(assistant: Assistant, log: Log): Promise<void> {
  try {
    await assistant.unload();
    log.info({}, "model freed");
  } catch (error) {
    log.error({ error }, "model could not be freed");
  }
}

function stopListening(server: SocketServer): void {
  if (server.listening) server.close();
}
