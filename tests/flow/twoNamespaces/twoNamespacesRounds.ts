/**
 * Two editors in process namespaces of their own, as in two containers, teach in one data home at the same time; in
 * every round one of them is killed with all that runs beside it, the daemon too where that was its own, or the daemon is
 * asked to end. Afterwards the journal holds what was acknowledged.
 */

import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect } from "vitest";
import { accountOf, teach } from "../support/acknowledged.js";
import { runCli } from "../support/cli.js";
import { type LspClient, startLsp } from "../support/lspClient.js";
import { writeTinyModel } from "../support/tinyModel.js";

/** What runs under it is first in a namespace, which ends with it. */
const NAMESPACE = ["unshare", "--pid", "--kill-child", "--mount-proc"] as const;
export const cannotMakeNamespaces = spawnSync("unshare", [...NAMESPACE.slice(1), "true"]).status !== 0;
export const WHY_SKIPPED = "process namespaces are Linux's, and root's to make";

const LESSONS_AT_ONCE = 2;
const DISTURBED_AFTER_MS_MAX = 600;
const ENDS_WITHIN_MS = 10_000;
/** Every so many rounds the daemon is asked to end instead of being killed. */
const STOP_EVERY = 4;

interface Side {
  client: LspClient;
  hasEnded: boolean;
}

interface Counts {
  acknowledged: number;
  /** Rounds in which a kill took the daemon as well. */
  daemonsKilled: number;
}

/** `scratch` is its own. Every process has ended when it resolves. */
export async function playTwoNamespaces(scratch: string, rounds: number): Promise<Counts> {
  const model = await writeTinyModel(join(scratch, "model"));
  expect((await runCli({ args: ["model", "use", model], home: scratch })).code).toBe(0);
  const start = async (): Promise<Side> => {
    const client = await startLsp({ home: scratch, folder: scratch, within: NAMESPACE });
    const side: Side = { client, hasEnded: false };
    void client.ended.then(() => {
      side.hasEnded = true;
    });
    return side;
  };
  const sides = await Promise.all([start(), start()]);
  const counts: Counts = { acknowledged: 0, daemonsKilled: 0 };
  for (let round = 0; round < rounds; round++) {
    const project = join(scratch, `project-${round}`);
    mkdirSync(join(project, ".git"), { recursive: true });
    const before = [...sides];
    const [acknowledged, isKill] = await Promise.all([
      teachAtOnce(before, project),
      disturb(before, scratch, round),
    ]);
    const afterwards = sides.map((_, at) => teachOnceMore({ sides, at, start, project }));
    acknowledged.push(...(await Promise.all(afterwards)));
    if (isKill && before.every(({ hasEnded }) => hasEnded)) counts.daemonsKilled += 1;
    await expectRefusal(scratch, model, round);
    await expectLearned({ client: sides[0]?.client, scratch, project, acknowledged, round });
    counts.acknowledged += acknowledged.length;
  }
  for (const { client } of sides) client.kill();
  await Promise.all(sides.map(({ client }) => client.ended));
  await runCli({ args: ["stop"], home: scratch });
  return counts;
}

/** The ids of those that were acknowledged, until the side or its daemon ended. */
async function teachAtOnce(sides: readonly Side[], project: string): Promise<string[]> {
  const taught = sides.map(async ({ client }, at) => {
    const ids: string[] = [];
    for (let lesson = 0; lesson < LESSONS_AT_ONCE; lesson++) {
      const id = await teach(client, project, 10 * at + lesson).catch(() => undefined);
      if (id === undefined) break;
      ids.push(id);
    }
    return ids;
  });
  return (await Promise.all(taught)).flat();
}

/** True: somebody was killed. */
async function disturb(sides: readonly Side[], scratch: string, round: number): Promise<boolean> {
  await delay(Math.random() * DISTURBED_AFTER_MS_MAX);
  if (round % STOP_EVERY === STOP_EVERY - 1) {
    expect((await runCli({ args: ["stop"], home: scratch, within: NAMESPACE })).code).toBe(0);
    await Promise.all(sides.map(({ client }) => client.ended));
    return false;
  }
  const victim = sides[Math.floor(Math.random() * sides.length)];
  victim?.client.kill();
  await victim?.client.ended;
  return true;
}

/** By who is still there, or starts again: its daemon may have been the other's, and ends a moment after that. */
async function teachOnceMore(by: {
  readonly sides: Side[];
  readonly at: number;
  readonly start: () => Promise<Side>;
  readonly project: string;
}): Promise<string> {
  const { sides, at, start, project } = by;
  const present = sides[at];
  const side = present === undefined || present.hasEnded ? await start() : present;
  sides[at] = side;
  try {
    return await teach(side.client, project, 100 + at);
  } catch (error) {
    await Promise.race([side.client.ended, delay(ENDS_WITHIN_MS)]);
    if (!side.hasEnded) throw error;
    return teachOnceMore(by);
  }
}

/** A third one, in a namespace of its own, that would be a second daemon or a second writer of the journal. */
async function expectRefusal(scratch: string, model: string, round: number): Promise<void> {
  const second = ["teach", "let third = ", "--wanted", "third();", "--proposed", "", "--threads", "1"];
  const args = round % 2 === 0 ? ["serve"] : [...second, "--model", model];
  const { code, stderr } = await runCli({ args, home: scratch, within: NAMESPACE });
  expect({ round, code, stderr }).toEqual({
    round,
    code: expect.any(Number),
    stderr: expect.stringMatching(HELD),
  });
  expect(code).not.toBe(0);
}

const HELD = /(a daemon runs already|another ouro is learning) \(process \d+ in another container, .+\)/;

/** Each is in the journal once and was trained once, and nothing of the journal is unsound. */
async function expectLearned(round: {
  readonly client: LspClient | undefined;
  readonly scratch: string;
  readonly project: string;
  readonly acknowledged: readonly string[];
  readonly round: number;
}): Promise<void> {
  const { client, scratch, project, acknowledged } = round;
  const waiting = async () => {
    // Of a file: the window stands on another folder.
    const list = await client?.list(join(project, "lesson0.ts"));
    const statuses = new Map(list?.corrections.map((each) => [each.correctionId, each.status]));
    return acknowledged.filter((id) => ["pending", undefined].includes(statuses.get(id)));
  };
  await expect.poll(waiting, { timeout: 60_000 }).toEqual([]);
  const { kept, trained, damage } = await accountOf(join(scratch, "ouro-home", "journal"));
  const wrong = acknowledged
    .map((id) => ({ id, kept: kept.get(id), trained: trained.get(id) }))
    .filter((each) => each.kept !== 1 || each.trained !== 1);
  const double = [...kept, ...trained].filter(([, times]) => times > 1);
  expect({ round: round.round, wrong, double, damage }).toEqual({
    round: round.round,
    wrong: [],
    double: [],
    damage: [],
  });
}
