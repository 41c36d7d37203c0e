/**
 * The daemon's life: lets clients in, serves until it is asked to end or nobody uses it, and leaves everything written
 * down. What it serves is handed in; nothing here knows a model or a correction.
 */

import { setTimeout as delay, setImmediate } from "node:timers/promises";
import type { Settings } from "@ouroboros/configs";
import type { Assistant } from "../../assistant/assistant.js";
import type { Log } from "../../base/log.js";
import { type LogFile, openLog } from "../../base/logFile.js";
import { EndRequest } from "./endRequest.js";
import { Listeners } from "./listeners.js";
import type { Product } from "./product.js";
import type { Runtime } from "./runtimeFolder.js";
import { createToken, removeToken } from "./token.js";

/** A training step and what is written down after it take a fraction of this; a hanging one must not keep the place. */
const DRAIN_MS_MAX = 30_000;
/** At a signal: whoever sends one, a service manager or a container, kills after ten seconds. */
const SIGNAL_DRAIN_MS_MAX = 8_000;

export interface ServeOptions {
  /** Prepared; the caller holds its lock until this has ended. */
  readonly runtime: Runtime;
  readonly settings: Settings;
  readonly version: string;
  readonly product: Product;
  /** Aborted: end. */
  readonly signal: AbortSignal;
  /** Resolves when the daemon's place is no longer where clients look for it: its data home was moved or deleted. */
  readonly placeLost: Promise<void>;
  readonly onLog: (log: LogFile) => void;
  readonly onReady: () => void;
}

export type Served =
  | { readonly kind: "ended" }
  /** Something did not end in time: the process must be ended from outside. */
  | { readonly kind: "hanging" };

/** Resolves when it has ended and nothing of it listens any more. Throws what opening throws. */
export async function serve(options: ServeOptions): Promise<Served> {
  const { runtime, settings, signal } = options;
  const log = openLog({ folder: runtime.log, level: settings["ouroboros.daemon.logLevel"] });
  options.onLog(log);
  const ending = new EndRequest(signal);
  const onHomeLost = () => ending.ask("home-lost");
  void options.placeLost.then(onHomeLost);
  const token = await createToken(runtime.token).catch(async (error: unknown) => {
    await log.close();
    throw error;
  });
  try {
    const assistant = await options.product.openAssistant({ log, onHomeLost });
    try {
      return await serveUntilAsked({ ...options, log, token, assistant, ending });
    } catch (error) {
      await assistant.close();
      throw error;
    }
  } finally {
    await removeToken(runtime.token, token);
    await log.close();
  }
}

async function serveUntilAsked(
  open: ServeOptions & {
    readonly log: Log;
    readonly token: string;
    readonly assistant: Assistant;
    readonly ending: EndRequest;
  },
): Promise<Served> {
  const { settings, version, assistant, log, ending } = open;
  const listeners = await Listeners.open(open);
  log.info({ version, httpPort: settings["ouroboros.http.port"] }, "started");
  open.onReady();
  const reason = await ending.asked;
  if (reason === "home-lost") await tellLoss(assistant, log);
  log.info({ kind: reason }, "ending");
  const drainMsMax = reason === "signal" ? SIGNAL_DRAIN_MS_MAX : DRAIN_MS_MAX;
  return await closeAll({ listeners, assistant, log, drainMsMax });
}

const HOME_LOST =
  "the data home was moved, deleted or replaced, so this daemon keeps nothing more and ends; the next one starts with the home that is there then";

/** Once, and before anybody is sent away. */
async function tellLoss(assistant: Assistant, log: Log): Promise<void> {
  log.error({ code: "home-replaced" }, "the data home was moved, deleted or replaced");
  assistant.warn(HOME_LOST);
  // Clients are told in the next turn of the event loop.
  await setImmediate();
}

async function closeAll(open: {
  readonly listeners: Listeners;
  readonly assistant: Assistant;
  readonly log: Log;
  readonly drainMsMax: number;
}): Promise<Served> {
  const { listeners, assistant, log, drainMsMax } = open;
  listeners.closeToNew();
  const limit = new AbortController();
  const timeout = delay(drainMsMax, "hanging" as const, { signal: limit.signal }).catch(
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
  listeners.closeToAll();
  await listeners.removeNote();
  log.info({}, "ended");
  return { kind };
}
