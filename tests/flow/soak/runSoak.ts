/**
 * Twenty windows in five projects work with one daemon, programs beside them; windows are cut, the daemon is ended and
 * its model changed under them. What is drawn follows from the seed; when it happens, from the clock.
 */

import { setMaxListeners } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { type Random, seededRandom } from "../../../daemon/src/base/random.js";
import { readDaemonLog } from "./daemonLog.js";
import { ANSWER_MS_MAX, Ledger } from "./ledger.js";
import { drawn } from "./lessons.js";
import { runOtherClients } from "./otherClients.js";
import { runtimeFiles, Samples } from "./samples.js";
import { SoakDaemon } from "./soakDaemon.js";
import { SoakWindow } from "./soakWindow.js";
import { DOORS, WAYS } from "./windowConnection.js";

const WINDOWS = 20;
/** Between two cuts. */
const CUT_PAUSE_MS_MIN = 2_000;
const CUT_PAUSE_MS_MAX = 6_000;
/** From the end of the load until all that was taught is trained, on a machine that is busy. */
const TRAINED_MS_MAX = 600_000;
const LOOK_EVERY_MS = 500;

/**
 * What happens to the daemon, by the share of the duration at which it begins. All but the last comes early, so that one
 * process is seen through the rest; the last one ends it with as many lessons as there will be.
 */
const EVENTS: readonly (readonly [number, string, (daemon: SoakDaemon) => Promise<unknown>])[] = [
  [0.08, "kill -9", (daemon) => daemon.end("SIGKILL")],
  [0.14, "SIGTERM", (daemon) => daemon.end("SIGTERM")],
  [0.18, "another model", async (daemon) => daemon.ouro("model", "use", await daemon.otherModel())],
  [0.22, "the embedded model", (daemon) => daemon.ouro("model", "use", "embedded")],
  [0.97, "kill -9", (daemon) => daemon.end("SIGKILL")],
];

interface SoakReport {
  readonly faults: readonly string[];
  /** Acknowledged corrections that the daemon does not know any more, or not as they were. */
  readonly lost: readonly string[];
  /** In what the daemon's process grew; told of long soaks only. */
  readonly growth: readonly string[];
  readonly unexpectedInLog: readonly string[];
  readonly lastWords: readonly string[];
  readonly newRuntimeFiles: readonly string[];
  readonly acknowledged: number;
  /** For people. */
  readonly table: readonly string[];
}

export async function runSoak(durationMs: number, seed: number): Promise<SoakReport> {
  const daemon = new SoakDaemon();
  try {
    await daemon.start();
    await openAll(daemon);
    const filesBefore = runtimeFiles(daemon);
    const ledger = new Ledger();
    const samples = new Samples(daemon, ledger);
    const cuts = new Map<string, number>();
    const events = await underLoad({ daemon, ledger, seed, durationMs, cuts });
    samples.stop();
    const restMs = await untilTrained(daemon, ledger);
    const atRest = samples.take();
    const { lost, statuses } = await findAcknowledged(daemon, ledger);
    const { counts, unexpected, lastWords } = readDaemonLog(daemon);
    return {
      faults: ledger.faults,
      lost,
      growth: samples.growth(durationMs),
      unexpectedInLog: unexpected,
      lastWords,
      newRuntimeFiles: runtimeFiles(daemon).filter((name) => !filesBefore.includes(name)),
      acknowledged: ledger.acknowledgedCount,
      table: [
        `${durationMs / 1000} s, seed ${seed}`,
        ...ledger.table(),
        ...samples.table(durationMs, 8),
        `at rest: ${atRest?.residentMiB} MiB, ${atRest?.descriptors} open files; trained after ${Math.round(restMs / 1000)} s`,
        `corrections: ${listed(statuses)}; ${ledger.undone.size} undone`,
        `windows cut: ${listed(cuts)}`,
        ...events,
        `warnings in the log: ${listed(counts)}`,
      ],
    };
  } finally {
    await daemon.remove();
  }
}

/** What lies in the runtime folder from then on is all that ever should. */
async function openAll(daemon: SoakDaemon): Promise<void> {
  const never = new AbortController().signal;
  for (const folder of daemon.folders)
    await daemon.http().complete({ folder, path: "src/load.ts", prefix: "const a = " }, never);
}

const listed = (counts: ReadonlyMap<string, number>) =>
  [...counts].map(([what, count]) => `${what} ${count}`).join(", ");

interface Load {
  readonly daemon: SoakDaemon;
  readonly ledger: Ledger;
  readonly seed: number;
  readonly durationMs: number;
  /** By the way in which windows were lost. */
  readonly cuts: Map<string, number>;
}

/** Resolves when all windows have left; tells of the events. */
async function underLoad(load: Load): Promise<readonly string[]> {
  const { daemon, ledger, seed, durationMs } = load;
  const leaving = new AbortController();
  const { signal } = leaving;
  // Each window listens to it with each of its pauses.
  setMaxListeners(0, signal);
  const windows = Array.from({ length: WINDOWS }, (_, index) => {
    // Both doors in every project.
    const door = drawnInTurn(DOORS, Math.floor(index / daemon.folders.length));
    const folder = drawnInTurn(daemon.folders, index);
    return new SoakWindow({ index, door, folder, seed, daemon, ledger, signal });
  });
  const lives = [
    ...windows.map((window) => window.live()),
    runOtherClients({ daemon, ledger, seed, signal }),
  ];
  const cutting = cutWindows(windows, { ...load, random: seededRandom(seed, 100) }, signal);
  const events = await happen(daemon, ledger, durationMs);
  await allBack(windows, daemon, ledger);
  leaving.abort();
  await Promise.all([...lives, cutting]);
  return events;
}

async function cutWindows(
  windows: readonly SoakWindow[],
  { cuts, random }: Pick<Load, "cuts"> & { readonly random: Random },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const pauseMs = CUT_PAUSE_MS_MIN + random.below(CUT_PAUSE_MS_MAX - CUT_PAUSE_MS_MIN);
    await delay(pauseMs, undefined, { signal }).catch(() => undefined);
    const way = drawn(WAYS, random);
    if (!signal.aborted && (await drawn(windows, random).cut(way))) cuts.set(way, (cuts.get(way) ?? 0) + 1);
  }
}

async function happen(daemon: SoakDaemon, ledger: Ledger, durationMs: number): Promise<readonly string[]> {
  const startedMs = performance.now();
  const told: string[] = [];
  for (const [share, what, act] of EVENTS) {
    await delay(Math.max(0, startedMs + share * durationMs - performance.now()));
    const beganMs = performance.now();
    await act(daemon).catch((error: unknown) => ledger.fault(`${what}: ${error}`));
    const [at, took] = [beganMs - startedMs, performance.now() - beganMs].map((ms) => (ms / 1000).toFixed(1));
    told.push(`${what} at ${at} s, took ${took} s`);
  }
  await delay(Math.max(0, startedMs + durationMs - performance.now()));
  return told;
}

/** After the last end of the daemon every window must have found the next one. */
async function allBack(windows: readonly SoakWindow[], daemon: SoakDaemon, ledger: Ledger): Promise<void> {
  const missing = new Set(windows);
  const deadline = performance.now() + ANSWER_MS_MAX.connect;
  while (missing.size > 0 && performance.now() < deadline) {
    for (const window of missing)
      if (window.pid !== undefined && window.pid === daemon.pid) missing.delete(window);
    await delay(LOOK_EVERY_MS);
  }
  if (missing.size > 0) ledger.fault(`${missing.size} windows did not come back`);
}

/** How long it took. */
async function untilTrained(daemon: SoakDaemon, ledger: Ledger): Promise<number> {
  const startedMs = performance.now();
  const isIdle = async (folder: string) => {
    const { projects } = await daemon.http().status({ folder });
    return projects.every(({ learning }) => learning.kind === "idle");
  };
  while (performance.now() - startedMs < TRAINED_MS_MAX) {
    const idle = await Promise.all(daemon.folders.map(isIdle));
    if (idle.every(Boolean)) return performance.now() - startedMs;
    await delay(LOOK_EVERY_MS);
  }
  ledger.fault(`not all that was taught is trained ${TRAINED_MS_MAX} ms after the load has ended`);
  return TRAINED_MS_MAX;
}

/** By what both models' lists of each project hold: a correction belongs to the model that it was taught. */
async function findAcknowledged(daemon: SoakDaemon, ledger: Ledger) {
  const found = new Map<string, { readonly wanted: string; readonly status: string }>();
  const statuses = new Map<string, number>();
  for (const model of [await daemon.otherModel(), "embedded"]) {
    await daemon.ouro("model", "use", model);
    for (const folder of daemon.folders) {
      const { corrections } = await daemon.http().learned({ folder });
      for (const { correctionId, wanted, status } of corrections) {
        found.set(correctionId, { wanted, status });
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    }
  }
  const lost = [...ledger.acknowledged].flatMap(([folder, taught]) =>
    [...taught].flatMap(([id, wanted]) =>
      found.get(id)?.wanted === wanted
        ? []
        : [`${id} of ${folder}: ${JSON.stringify(found.get(id))}, not ${wanted}`],
    ),
  );
  const redone = [...ledger.undone].filter((id) => found.get(id)?.status !== "undone");
  return { lost: [...lost, ...redone.map((id) => `${id} is undone no more`)], statuses };
}

function drawnInTurn<Item>(items: readonly Item[], index: number): Item {
  const item = items[index % items.length];
  if (item === undefined) throw new RangeError("nothing to take");
  return item;
}
