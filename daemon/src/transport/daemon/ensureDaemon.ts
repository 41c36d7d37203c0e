/**
 * Reaches the one daemon of a data home, and starts it where none runs. Many clients may do this at one moment: each
 * may start a process, one of these takes the lock, the others end, and all clients arrive at the same daemon.
 *
 * A client that is newer than the daemon asks it to end and has its own version take over: that one waits for the lock
 * from the beginning, so that no older client is quicker.
 */

import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { DataHome } from "../../base/dataHome.js";
import { AppError, assertNever } from "../../base/errors.js";
import { isStopped, type LockHolder } from "../../base/lockRecord.js";
import { lockHolder } from "../../base/processLock.js";
import { compareVersions } from "../../protocol/compareVersions.js";
import { shakeHands } from "./clientHandshake.js";
import {
  isRuntimePrepared,
  meetingPlace,
  type Platform,
  prepareRuntime,
  type Runtime,
} from "./runtimeFolder.js";
import { EXIT_DAEMON_RUNNING, type OuroCommand, type SpawnedDaemon, spawnDaemon } from "./spawnDaemon.js";
import { readToken } from "./token.js";

const POLL_MS_FIRST = 25;
const POLL_MS_MAX = 200;
const POLL_GROWTH = 1.5;
/** From the first attempt to being let in: a daemon listens long before it has loaded a model. */
const READY_MS_MAX = 15_000;
/** As long again for a predecessor's last training step and writing down. */
const TAKEOVER_MS_MAX = 45_000;
/** Each start that another daemon was quicker than is no failure; so many in a row are. */
const SPAWNS_MAX = 5;
/** A token is replaced while a daemon starts; one that stays wrong is somebody else's. */
const WRONG_TOKENS_MAX = 20;

/** One that is not stopped has answered by then, as a rule; afterwards it is looked at as often. */
const STOPPED_LOOK_MS = 750;

/** Everything about this process and this user that reaching a daemon takes. */
export interface DaemonAccess {
  readonly home: DataHome;
  readonly runtime: Runtime;
  readonly platform: Platform;
  /** The version of this process' own copy of the product. */
  readonly version: string;
  readonly command: OuroCommand;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** For tests. */
  readonly readyMs?: number;
}

type Attempt<T> =
  | { readonly kind: "ready"; readonly value: T; readonly version: string; readonly leave: () => void }
  | { readonly kind: "absent" }
  /** Something listens, and does not answer in time: it may be busy. */
  | { readonly kind: "silent" }
  | { readonly kind: "draining" }
  | { readonly kind: "token-wrong" }
  | { readonly kind: "protocol-unknown"; readonly version: string }
  | { readonly kind: "refused"; readonly message: string };

/** One try to be let in, at whichever of the daemon's listeners. */
export type Approach<T> = (
  daemon: { readonly runtime: Runtime; readonly token: string },
  signal: AbortSignal,
) => Promise<Attempt<T>>;

/** Throws `runtime-unsafe`, `daemon-failed`, `daemon-newer`, `daemon-refused`, `daemon-unreachable`, `daemon-stopped`, or when aborted. */
export async function ensureDaemon<T>(access: DaemonAccess, approach: Approach<T>): Promise<T> {
  const { runtime, platform, version, signal } = access;
  // The daemon makes the place of its doors: this process' environment may name another, and one that cannot be made.
  await prepareRuntime({ ...runtime, folder: dirname(runtime.discovery) }, platform);
  const starter = new Starter(access);
  let deadline = performance.now() + (access.readyMs ?? READY_MS_MAX);
  let wrongTokens = 0;
  for (let pollMs = POLL_MS_FIRST; ; pollMs = Math.min(pollMs * POLL_GROWTH, POLL_MS_MAX)) {
    signal.throwIfAborted();
    const attempt = await approachOnce(access, approach);
    switch (attempt.kind) {
      case "ready":
        if (compareVersions(version, attempt.version) <= 0) return attempt.value;
        attempt.leave();
        if (await starter.takeOver()) deadline = performance.now() + TAKEOVER_MS_MAX;
        break;
      case "protocol-unknown":
        if (compareVersions(version, attempt.version) <= 0) throw newer(access, attempt);
        if (await starter.takeOver()) deadline = performance.now() + TAKEOVER_MS_MAX;
        break;
      case "absent":
        await starter.startIfNobodyDoes();
        break;
      case "token-wrong":
        wrongTokens += 1;
        if (wrongTokens > WRONG_TOKENS_MAX) throw unreachable(access, await lockHolder(runtime.lock));
        break;
      case "silent":
      case "draining":
        break;
      case "refused":
        throw new AppError("daemon-refused", attempt.message);
      default:
        assertNever(attempt);
    }
    if (performance.now() > deadline) throw unreachable(access, await lockHolder(runtime.lock));
    await delay(pollMs, undefined, { signal });
  }
}

/**
 * Reaches a daemon without starting one; undefined: none runs, or it is ending. Throws `runtime-unsafe`, `daemon-refused`,
 * `daemon-unreachable`, `daemon-stopped`.
 */
export async function findDaemon<T>(access: DaemonAccess, approach: Approach<T>): Promise<T | undefined> {
  const { runtime } = access;
  const attempt = await approachOnce(access, approach);
  switch (attempt.kind) {
    case "ready":
      return attempt.value;
    case "absent":
    case "draining":
      return undefined;
    case "protocol-unknown":
      throw newer(access, attempt);
    case "silent":
    case "token-wrong":
      throw unreachable(access, await lockHolder(runtime.lock));
    case "refused":
      throw new AppError("daemon-refused", attempt.message);
    default:
      return assertNever(attempt);
  }
}

/** Without a token nobody has listened there yet. */
async function approachOnce<T>(access: DaemonAccess, approach: Approach<T>): Promise<Attempt<T>> {
  const { platform } = access;
  const runtime = await meetingPlace(access.runtime, platform);
  // Whoever can write there could pose as the daemon.
  if (!(await isRuntimePrepared(runtime, platform))) return { kind: "absent" };
  const token = await readToken(runtime.token, platform);
  if (token === undefined) return { kind: "absent" };
  return unlessFrozen(runtime.lock, (signal) => approach({ runtime, token }, signal));
}

/**
 * What `ask` is told. A daemon that was stopped (SIGSTOP, a debugger) takes connections and answers nobody: then this
 * gives up asking and throws `daemon-stopped`, while one that is busy is waited for.
 */
export async function unlessFrozen<T>(lock: string, ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const givenUp = new AbortController();
  const settled = new AbortController();
  try {
    return await Promise.race([ask(givenUp.signal), lookOut(lock, settled.signal)]);
  } catch (error) {
    givenUp.abort();
    throw error;
  } finally {
    settled.abort();
  }
}

/** Rejects when the daemon is stopped; else it never settles. */
function lookOut(lock: string, signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const look = async () => {
      while (!signal.aborted) {
        await delay(STOPPED_LOOK_MS, undefined, { signal });
        const error = await findStopped(lock);
        if (error) reject(error);
      }
    };
    // Aborted; or nobody can tell, and then it is waited for as for any other.
    look().catch(() => undefined);
  });
}

/** One sentence where the daemon is stopped. */
export async function whyStopped(lock: string): Promise<string | undefined> {
  return (await findStopped(lock))?.message;
}

async function findStopped(lock: string): Promise<AppError | undefined> {
  const holder = await lockHolder(lock);
  return holder !== undefined && (await isStopped(holder)) ? stopped(holder.pid) : undefined;
}

function stopped(holder: number): AppError {
  return new AppError(
    "daemon-stopped",
    `the daemon (process ${holder}) is stopped and cannot answer; \`kill -CONT ${holder}\` lets it go on, \`kill -KILL ${holder}\` ends it`,
  );
}

/** Starts daemons for one process that wants to reach one. */
class Starter {
  readonly #access: DaemonAccess;
  #spawned: SpawnedDaemon | undefined;
  #spawns = 0;
  #hasTakenOver = false;

  constructor(access: DaemonAccess) {
    this.#access = access;
  }

  /** Starts a daemon unless one runs, starts or ends. Throws `daemon-failed` when the one it started failed. */
  async startIfNobodyDoes(): Promise<void> {
    const spawned = this.#spawned;
    if (spawned?.fate.kind === "running") return;
    // One that left its place to another, or was asked to end by a newer version, has not failed.
    const { code = null } = spawned?.fate ?? {};
    if (spawned && code !== EXIT_DAEMON_RUNNING && code !== 0) throw await failed(this.#access, spawned);
    if (this.#spawns >= SPAWNS_MAX || (await lockHolder(this.#access.runtime.lock)) !== undefined) return;
    await this.#start(["serve"]);
  }

  /**
   * Starts a daemon that waits for the place, and asks the running one to end. An older client that comes back just then
   * may still have been quicker: so it is asked as often as an older one answers. True: the first time.
   */
  async takeOver(): Promise<boolean> {
    const isFirst = !this.#hasTakenOver;
    this.#hasTakenOver = true;
    if (isFirst) await this.#start(["serve", "--wait"]);
    await askToEnd(this.#access);
    return isFirst;
  }

  async #start(args: readonly string[]): Promise<void> {
    const { command, runtime, home } = this.#access;
    const environment = { ...this.#access.environment, OURO_HOME: home.root };
    this.#spawns += 1;
    this.#spawned = await spawnDaemon({ command, args, runtime, folder: home.root, environment });
  }
}

/** Asks the daemon that runs now to finish and end. False: there was none to ask. Throws `daemon-stopped`. */
export async function askToEnd(access: DaemonAccess): Promise<boolean> {
  const { platform, version } = access;
  const runtime = await meetingPlace(access.runtime, platform);
  if (!(await isRuntimePrepared(runtime, platform))) return false;
  const token = await readToken(runtime.token, platform);
  if (token === undefined) return false;
  const hello = { socketPath: runtime.lspSocket, token, version, want: "drain" } as const;
  const handshake = await unlessFrozen(runtime.lock, (signal) => shakeHands({ ...hello, signal }));
  if (handshake.kind === "welcome") handshake.stream.destroy();
  return handshake.kind === "welcome";
}

async function failed(access: DaemonAccess, spawned: SpawnedDaemon): Promise<AppError> {
  const words =
    (await spawned.lastWords())
      .split("\n")
      .at(-1)
      ?.replace(/^ouro: /, "") ?? "";
  const reason = words === "" ? `it ended without a word; look into ${access.runtime.log}` : words;
  return new AppError("daemon-failed", `the daemon could not start: ${reason}`);
}

function newer(access: DaemonAccess, daemon: { readonly version: string }): AppError {
  return new AppError(
    "daemon-newer",
    `the running daemon (${daemon.version}) and this ouro (${access.version}) do not understand each other; update this one, or run \`ouro stop\``,
  );
}

function unreachable(access: DaemonAccess, holder: LockHolder | undefined): AppError {
  const { log } = access.runtime;
  return new AppError(
    "daemon-unreachable",
    holder === undefined
      ? `no daemon came up within ${READY_MS_MAX / 1000} seconds; look into ${log}`
      : `the daemon (${holder.name}) does not answer; end that process and try again, or look into ${log}`,
  );
}
