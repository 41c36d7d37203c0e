import { afterEach, describe, expect, it } from "vitest";
import { FAKE_VALUE_BYTES } from "../../test/fakeEngine.js";
import { createBench, type LearningBench, lessonFor } from "../../test/learningBench.js";
import { NO_LOG } from "../base/log.js";
import type { Learning } from "../learning/learning.js";
import type { Project } from "../store/project.js";
import { OpenProjects } from "./openProjects.js";
import { ProjectLearning } from "./projectLearning.js";

const MINUTE_MS = 60_000;
const projectAt = (at: number): Project => ({ id: `p${at}`, name: `p${at}`, folder: `/p${at}` });

describe("projects that nobody uses", () => {
  const benches = new Map<string, LearningBench>();
  const clock = { ms: 0 };

  afterEach(() => {
    for (const bench of benches.values()) bench.remove();
    benches.clear();
  });

  const open = (bytesMax?: number) => {
    const joins: string[] = [];
    const projects = new OpenProjects({
      async join({ id }) {
        joins.push(id);
        const bench = benches.get(id) ?? (await createBench());
        benches.set(id, bench);
        return bench.open();
      },
      begin: (project, learning) =>
        new ProjectLearning({
          project,
          learning,
          isPaused: false,
          onLearned: () => undefined,
          onChange: () => undefined,
          onPhase: () => undefined,
          log: NO_LOG,
        }),
      onOpened: () => undefined,
      onFailed: () => undefined,
      bytesOf: (learning: Learning) => (learning.currentAdapter().adapter ? FAKE_VALUE_BYTES : 0),
      ...(bytesMax !== undefined && { bytesMax }),
      nowMs: () => clock.ms,
    });
    const ids = () => projects.all.map(({ project }) => project.id);
    const taught = async (at: number) => {
      const project = await projects.open(projectAt(at));
      const kept = await project.keep({
        lesson: lessonFor(`const a${at} = `, "one();"),
        origin: "completion",
      });
      expect((await kept.done).outcome.kind).toBe("learned");
      await expect.poll(() => project.isBusy).toBe(false);
    };
    const closeUnused = (isNeeded = (_id: string) => false) =>
      projects.closeUnused({ unusedMs: MINUTE_MS, isNeeded });
    return { projects, joins, ids, taught, closeUnused };
  };

  it("are closed with their adapters, still told of, and opened anew with what they learned", async () => {
    const { projects, joins, ids, taught, closeUnused } = open();
    await taught(0);
    await projects.open(projectAt(1));
    expect(projects.bytes).toBe(FAKE_VALUE_BYTES);
    clock.ms += MINUTE_MS;
    await projects.open(projectAt(1));
    await closeUnused();
    expect([ids(), projects.bytes]).toEqual([["p1"], 0]);
    expect(projects.resting).toMatchObject([{ shown: { id: "p0", adapterVersion: 1, learned: 1 } }]);
    const [again] = await Promise.all([projects.open(projectAt(0)), projects.open(projectAt(0))]);
    expect(again.learning.currentAdapter()).toMatchObject({ version: 1, adapter: expect.anything() });
    expect(joins).toEqual(["p0", "p1", "p0"]);
    expect(projects.resting).toEqual([]);
    await projects.closeAll();
  });

  it("stay while somebody needs them, a lesson waits, or one is being learned", async () => {
    const { projects, ids, taught, closeUnused } = open();
    await taught(0);
    const learning = await projects.open(projectAt(1));
    const paused = await projects.open(projectAt(2));
    paused.setPaused(true);
    await paused.keep({ lesson: lessonFor("const c = ", "three();"), origin: "completion" });
    const kept = await learning.keep({ lesson: lessonFor("const b = ", "two();"), origin: "completion" });
    clock.ms += MINUTE_MS;
    await closeUnused((id) => id === "p0");
    expect(ids()).toEqual(["p0", "p1", "p2"]);
    expect((await kept.done).outcome.kind).toBe("learned");
    await expect.poll(() => learning.isBusy).toBe(false);
    await closeUnused();
    expect(ids()).toEqual(["p2"]);
    await projects.closeAll();
  });

  it("are opened anew by who asks while they are being closed", async () => {
    const { projects, taught, closeUnused } = open();
    await taught(0);
    clock.ms += MINUTE_MS;
    const closing = closeUnused();
    const again = await projects.open(projectAt(0));
    await closing;
    const kept = await again.keep({ lesson: lessonFor("const d = ", "four();"), origin: "completion" });
    expect((await kept.done).outcome.kind).toBe("learned");
    await projects.closeAll();
  });

  it("make room, those unused for longest first, when all adapters are too large together", async () => {
    const { projects, ids, taught } = open(2 * FAKE_VALUE_BYTES);
    for (let at = 0; at < 3; at++) {
      await taught(at);
      clock.ms += 10_000;
    }
    await projects.open(projectAt(0));
    clock.ms += 10_000;
    await projects.open(projectAt(3));
    expect([ids(), projects.bytes]).toEqual([["p0", "p2", "p3"], 2 * FAKE_VALUE_BYTES]);
    await projects.closeAll();
  });
});
