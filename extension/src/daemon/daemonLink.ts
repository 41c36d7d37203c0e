/**
 * This window's connection to the daemon: starts it when something first needs it, starts it again when it ended unasked
 * (at once, then later and later, then no more), and publishes its state. Each attempt has a language client
 * of its own, which sends the open documents; an attempt that fails leaves nothing behind.
 */

import * as vscode from "vscode";
import type { z } from "zod";
import { nextRestart } from "../../../daemon/src/protocol/backOff.js";
import { type ChatText, chatTextSchema } from "../../../daemon/src/protocol/chat.js";
import { type DidLearn, didLearnSchema } from "../../../daemon/src/protocol/corrections.js";
import { EXIT_DAEMON_STOPPED } from "../../../daemon/src/protocol/handshake.js";
import { DAEMON_NOTIFICATIONS, REQUESTS } from "../../../daemon/src/protocol/methods.js";
import { type DaemonState, daemonStateSchema } from "../../../daemon/src/protocol/state.js";
import { activeUri } from "./activeUri.js";
import { type DaemonProcess, spawnProxy } from "./daemonProcess.js";
import type { LinkState } from "./linkState.js";
import type { QuietClient } from "./quietClient.js";

/** A request that meets a starting daemon waits for it: a cold start with its model takes a few seconds. */
const READY_TIMEOUT_MS = 20_000;
const EXIT_CODE_MS = 100;
/** The back-off looks at no more ends than these. */
const ENDS_REMEMBERED = 8;

interface DaemonRequest<Schema extends z.ZodType> {
  readonly method: string;
  readonly params: unknown;
  /** Checks the answer, which another process wrote. */
  readonly answer: Schema;
  readonly token?: vscode.CancellationToken;
}

interface Connection {
  readonly client: QuietClient;
  readonly proxy: DaemonProcess;
}

export class DaemonLink implements vscode.Disposable {
  readonly #extensionFolder: string;
  readonly #log: vscode.LogOutputChannel;
  readonly #stateChanged = new vscode.EventEmitter<LinkState>();
  readonly #learned = new vscode.EventEmitter<DidLearn>();
  readonly #chatText = new vscode.EventEmitter<ChatText>();
  #state: LinkState = { kind: "idle" };
  #connection: Connection | undefined;
  #endedAtMs: readonly number[] = [];
  #restart: NodeJS.Timeout | undefined;
  #isDisposed = false;

  readonly onDidChangeState = this.#stateChanged.event;
  readonly onDidLearn = this.#learned.event;
  readonly onChatText = this.#chatText.event;

  constructor(options: { readonly extensionFolder: string; readonly log: vscode.LogOutputChannel }) {
    this.#extensionFolder = options.extensionFolder;
    this.#log = options.log;
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Does nothing when it was started before, also when that came to nothing. */
  start(): void {
    if (this.#state.kind === "idle") void this.#connect("starting");
  }

  /** Begins anew, whatever was before: the way out of `failed`. */
  async restart(): Promise<void> {
    clearTimeout(this.#restart);
    this.#endedAtMs = [];
    await this.#close();
    await this.#connect("starting");
  }

  /** Throws an Error with one sentence when the daemon refuses or cannot be reached. */
  async request<Schema extends z.ZodType>(call: DaemonRequest<Schema>): Promise<z.infer<Schema>> {
    const client = await this.#ready();
    const { method, params, token } = call;
    // A token that is not there would be taken for a second parameter.
    const answer: unknown = await (token
      ? client.sendRequest(method, params, token)
      : client.sendRequest(method, params));
    return call.answer.parse(answer);
  }

  /** Nothing waits for it; it is dropped while there is no daemon. */
  notify(method: string, params: unknown): void {
    if (this.#state.kind !== "running") return;
    this.#connection?.client
      .sendNotification(method, params)
      .catch((error: unknown) => this.#log.debug(`${method}: ${String(error)}`));
  }

  /** Asks for the project of `uri`, so that the daemon's state contains it from then on. */
  async refresh(uri: string | null): Promise<void> {
    if (this.#state.kind !== "running") return;
    try {
      const daemon = await this.request({
        method: REQUESTS.state,
        params: { uri },
        answer: daemonStateSchema,
      });
      this.#set({ kind: "running", daemon });
    } catch (error) {
      this.#log.debug(`${REQUESTS.state}: ${String(error)}`);
    }
  }

  async #ready(): Promise<QuietClient> {
    this.start();
    if (this.#state.kind !== "running") await this.#settled();
    const client = this.#connection?.client;
    if (this.#state.kind === "failed") throw new Error(this.#state.message);
    if (this.#state.kind !== "running" || !client) {
      throw new Error(vscode.l10n.t("Ouroboros is still starting; try again in a moment."));
    }
    return client;
  }

  /** Resolves when the link runs or has failed, or when the time is over. */
  #settled(): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        listening.dispose();
        resolve();
      };
      const timer = setTimeout(end, READY_TIMEOUT_MS);
      const listening = this.onDidChangeState(({ kind }) => {
        if (kind === "running" || kind === "failed") end();
      });
    });
  }

  async #connect(kind: "starting" | "restarting"): Promise<void> {
    if (this.#isDisposed) return;
    this.#set({ kind });
    // Loaded when it is first needed: the library takes longer to load than all the rest of an activation.
    const { createQuietClient } = await import("./quietClient.js");
    if (this.#isDisposed || this.#connection) return;
    const proxy = spawnProxy(this.#extensionFolder);
    const onEnd = () => this.#ended(client, proxy);
    const client = createQuietClient({ child: proxy.child, log: this.#log, onEnd });
    this.#connection = { client, proxy };
    this.#listen(client);
    try {
      await client.start();
      const uri = activeUri();
      const daemon = daemonStateSchema.parse(await client.sendRequest<unknown>(REQUESTS.state, { uri }));
      if (this.#connection?.client !== client) return;
      this.#log.info(`Connected to daemon ${daemon.version}, process ${daemon.pid}.`);
      this.#set({ kind: "running", daemon });
    } catch (error) {
      proxy.child.kill();
      this.#ended(client, proxy, String(error));
    }
  }

  /** Ends the session properly; a connection that is still being made is cut. */
  async #close(): Promise<void> {
    const old = this.#connection;
    this.#connection = undefined;
    await old?.client.stop().catch((error: unknown) => this.#log.debug(`Closing: ${String(error)}`));
    old?.proxy.child.kill();
  }

  #listen(client: QuietClient): void {
    const parsed = <Schema extends z.ZodType>(schema: Schema, take: (value: z.infer<Schema>) => void) => {
      return (params: unknown) => {
        const value = schema.safeParse(params);
        if (value.success) take(value.data);
        else this.#log.warn(`A message of the daemon is not understood: ${value.error.message}`);
      };
    };
    client.onNotification(
      DAEMON_NOTIFICATIONS.didChangeState,
      parsed(daemonStateSchema, (daemon: DaemonState) => {
        if (this.#connection?.client === client) this.#set({ kind: "running", daemon });
      }),
    );
    client.onNotification(
      DAEMON_NOTIFICATIONS.didLearn,
      parsed(didLearnSchema, (event) => this.#learned.fire(event)),
    );
    client.onNotification(
      DAEMON_NOTIFICATIONS.chatText,
      parsed(chatTextSchema, (text) => this.#chatText.fire(text)),
    );
  }

  /** Once per client, whether it never started or ran for days. */
  #ended(client: QuietClient, proxy: DaemonProcess, error?: string): void {
    if (this.#connection?.client !== client || this.#isDisposed) return;
    const lastError = proxy.lastError() ?? error;
    this.#connection = undefined;
    this.#endedAtMs = [...this.#endedAtMs, Date.now()].slice(-ENDS_REMEMBERED);
    const restart = nextRestart(this.#endedAtMs);
    if (restart.kind === "give-up") {
      this.#log.error(restart.message);
      const reason =
        lastError ?? vscode.l10n.t("The daemon keeps ending and is not started again by itself.");
      this.#set({ kind: "failed", message: reason });
      return;
    }
    this.#log.warn(`The daemon ended (${lastError ?? "no reason given"}); again in ${restart.delayMs} ms.`);
    this.#set({ kind: "restarting" });
    // The process' end, and its code, may be heard of just after that of its pipes.
    const delayMs = Math.max(restart.delayMs, EXIT_CODE_MS);
    this.#restart = setTimeout(() => {
      if (proxy.child.exitCode !== EXIT_DAEMON_STOPPED) return void this.#connect("restarting");
      this.#set({ kind: "failed", message: proxy.lastError() ?? "" });
    }, delayMs);
  }

  #set(state: LinkState): void {
    this.#state = state;
    this.#stateChanged.fire(state);
  }

  async dispose(): Promise<void> {
    this.#isDisposed = true;
    clearTimeout(this.#restart);
    await this.#close();
    for (const emitter of [this.#stateChanged, this.#learned, this.#chatText]) emitter.dispose();
  }
}
