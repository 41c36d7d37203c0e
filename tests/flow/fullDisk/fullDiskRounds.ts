/**
 * A data home on a small file system of its own that is filled to the last byte while a daemon keeps lessons and writes
 * adapters, and freed again. Whoever is told that a lesson is kept finds it in the journal, and it is learned once there
 * is space; whoever is refused is told why, and nothing of theirs is there.
 */

import { spawnSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect } from "vitest";
import { accountOf } from "../support/acknowledged.js";
import { daemonWithModel } from "../support/changedFileStory.js";

/** Room for what a hundred rounds keep, and little more, so that filling the rest is quick. */
const DISK_MIB = 64;
const FILLED_AFTER_MS_MAX = 500;
const FREED_AFTER_MS_MAX = 400;
/** While the disk fills up and while it is full. */
const LESSONS_MEANWHILE = 4;
/** Adapters of each project stay. */
const ROUNDS_PER_PROJECT = 5;
/** Every so many rounds the daemon is killed while the disk is full. */
const KILL_EVERY = 5;

export const WHY_SKIPPED = "a file system is Linux's, and root's to mount";

interface Disk {
  readonly fill: () => void;
  readonly free: () => void;
  readonly remove: () => void;
}

/** Mounts one at `path`; undefined where nothing can be mounted. */
export function mountDisk(path: string): Disk | undefined {
  mkdirSync(path, { recursive: true });
  const options = `size=${DISK_MIB}m,mode=700`;
  if (spawnSync("mount", ["-t", "tmpfs", "-o", options, "ouro-test", path]).status !== 0) return undefined;
  const ballast = join(path, "ballast");
  return {
    fill: () => fill(ballast),
    free: () => rmSync(ballast, { force: true }),
    remove: () => void spawnSync("umount", ["--lazy", path]),
  };
}

/** In large pieces, then in what is smaller than a page. */
function fill(path: string): void {
  const file = openSync(path, "a");
  try {
    for (const bytes of [1 << 20, 4096, 1]) {
      const piece = Buffer.alloc(bytes);
      while (hasWritten(file, piece));
    }
  } finally {
    closeSync(file);
  }
}

function hasWritten(file: number, piece: Buffer): boolean {
  try {
    return writeSync(file, piece) > 0;
  } catch {
    return false;
  }
}

interface Counts {
  acknowledged: number;
  refused: number;
  /** Kept, but not learned at once. */
  postponed: number;
}

type Daemon = Awaited<ReturnType<typeof daemonWithModel>>;

/** The data home of `scratch` lies on `disk`. The daemon has ended when it resolves. */
export async function playFullDisk(scratch: string, disk: Disk, rounds: number): Promise<Counts> {
  const daemon = await daemonWithModel(scratch);
  const counts: Counts = { acknowledged: 0, refused: 0, postponed: 0 };
  let pid = await daemon.start();
  for (let round = 0; round < rounds; round++) {
    const folder = join(scratch, `project-${Math.floor(round / ROUNDS_PER_PROJECT)}`);
    mkdirSync(join(folder, ".git"), { recursive: true });
    const filled = delay(Math.random() * FILLED_AFTER_MS_MAX).then(disk.fill);
    let freed: Promise<void> | undefined;
    const taught: Taught[] = [];
    for (let lesson = 0; lesson < LESSONS_MEANWHILE; lesson++) {
      if (lesson === LESSONS_MEANWHILE - 1) {
        await filled;
        freed = delay(Math.random() * FREED_AFTER_MS_MAX).then(disk.free);
      }
      taught.push(await teach(daemon, folder, `value${round}at${lesson}();`));
    }
    await freed;
    if (round % KILL_EVERY === KILL_EVERY - 1) pid = await startOnFullDisk(daemon, disk, pid);
    const last = await teach(daemon, folder, `value${round}last();`);
    expect({ round, ...last }).toMatchObject({ round, sentence: undefined, id: expect.any(String) });
    taught.push(last);
    await expectKept({ daemon, folder, taught, round });
    expect((await daemon.client().health()).pid).toBe(pid);
    counts.acknowledged += taught.filter(({ id }) => id !== undefined).length;
    counts.refused += taught.filter(({ id }) => id === undefined).length;
    counts.postponed += taught.filter(
      ({ id, sentence }) => id !== undefined && sentence !== undefined,
    ).length;
  }
  await daemon.ouro("stop");
  return counts;
}

/** One that is killed there says why it cannot start again, until there is space. */
async function startOnFullDisk(daemon: Daemon, disk: Disk, pid: number): Promise<number> {
  disk.fill();
  process.kill(pid, "SIGKILL");
  const { code, stderr } = await daemon.ouro("start");
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(FULL) });
  disk.free();
  return daemon.start();
}

const FULL = /ENOSPC|the disk is full|no space left/i;
const never = new AbortController().signal;

interface Taught {
  readonly wanted: string;
  /** Once it was acknowledged. */
  readonly id: string | undefined;
  /** Why it was not kept, or not learned now. */
  readonly sentence: string | undefined;
}

async function teach(daemon: Daemon, folder: string, wanted: string): Promise<Taught> {
  let id: string | undefined;
  let sentence: string | undefined;
  const lesson = { folder, path: "a.ts", prefix: `const ${wanted.replace("();", "")} = `, wanted };
  try {
    await daemon.client().teach(lesson, {
      signal: never,
      onEvent(event) {
        if (event.kind === "kept") id = event.correctionId;
        // A tiny model does not learn everything, which is no matter here.
        if (event.kind === "learned" && event.learned.outcome.kind === "failed") {
          sentence = event.learned.outcome.message;
        }
      },
    });
  } catch (error) {
    sentence = error instanceof Error ? error.message : String(error);
  }
  if (sentence !== undefined) expect(sentence).toMatch(FULL);
  return { wanted, id, sentence };
}

async function expectKept(of: {
  readonly daemon: Daemon;
  readonly folder: string;
  readonly taught: readonly Taught[];
  readonly round: number;
}): Promise<void> {
  const { daemon, folder, taught, round } = of;
  const statuses = async () => {
    const { corrections } = await daemon.client().learned({ folder });
    return corrections.map(({ status }) => status);
  };
  await expect.poll(statuses, { timeout: 60_000 }).not.toContain("pending");
  const { kept, trained, wanted, damage } = await accountOf(join(daemon.scratch, "ouro-home", "journal"));
  const lost = taught.filter(({ id }) => id !== undefined && (kept.get(id) !== 1 || trained.get(id) !== 1));
  const unasked = taught.filter((each) => each.id === undefined && wanted.includes(each.wanted));
  expect({ round, lost, unasked, damage }).toEqual({ round, lost: [], unasked: [], damage: [] });
}
