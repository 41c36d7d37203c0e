import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createBench, type LearningBench, lessonFor } from "../../test/learningBench.js";
import { NO_LOG } from "../base/log.js";
import type { Learning } from "../learning/learning.js";
import type { DidLearn } from "../protocol/corrections.js";
import { ProjectLearning } from "./projectLearning.js";

describe("the learning of an open project", () => {
  let bench: LearningBench;
  let learning: Learning;
  let events: DidLearn[];
  let phases: string[];
  let changes: number;

  beforeEach(async () => {
    bench = await createBench();
    learning = await bench.open();
    events = [];
    phases = [];
    changes = 0;
  });
  afterEach(async () => {
    await learning.close();
    bench.remove();
  });

  const open = (isPaused = false): ProjectLearning =>
    new ProjectLearning({
      project: bench.options.project,
      learning,
      isPaused,
      onLearned: (event) => events.push(event),
      onChange: () => {
        changes += 1;
      },
      onPhase: (phase, id) => phases.push(`${id} ${phase}`),
      log: NO_LOG,
    });
  const keep = (line: ProjectLearning, prompt: string, wanted: string) =>
    line.keep({ lesson: lessonFor(prompt, wanted), origin: "completion" });

  it("keeps at once, learns one after another, and tells in order what came of each", async () => {
    const line = open();
    const first = await keep(line, "const a = ", "one();");
    const second = await keep(line, "const b = ", "two();");
    expect(events).toEqual([]);
    expect(line.state).toMatchObject({ kind: "learning", waiting: 1 });
    const outcomes = [await first.done, await second.done];
    expect(outcomes.map(({ outcome }) => outcome.kind)).toEqual(["learned", "learned"]);
    expect(events).toEqual(outcomes);
    expect(outcomes[1]).toMatchObject({ wanted: "two();", outcome: { proven: true, adapterVersion: 2 } });
    expect(phases.filter((phase) => phase.startsWith("c1"))).toEqual(
      ["kept", "trained", "verified", "published", "announced"].map((phase) => `c1 ${phase}`),
    );
    await line.undo({});
    expect(line.state).toEqual({ kind: "idle" });
  });

  it("lets what somebody waits for come before what stands in a file", async () => {
    const line = open(true);
    const fromFile = lessonFor("const f = ", "file();", { source: "org", id: "s1" });
    const lesson = await line.keep({ lesson: fromFile, origin: "org" });
    const correction = await keep(line, "const a = ", "one();");
    expect(line.state).toEqual({ kind: "paused", waiting: 2 });
    line.setPaused(false);
    await Promise.all([lesson.done, correction.done]);
    expect(events.map(({ correctionId, origin }) => [correctionId, origin])).toEqual([
      ["c1", "completion"],
      ["s1", "org"],
    ]);
  });

  it("tells who waits that a later correction of the same place came first, or that it was taken back", async () => {
    const line = open(true);
    const early = await keep(line, "const a = ", "one();");
    const late = await keep(line, "const a = ", "two();");
    const undone = await keep(line, "const b = ", "three();");
    await line.undo({ correctionId: undone.correctionId });
    expect([early.replaces, late.replaces]).toEqual([null, early.correctionId]);
    expect(line.state).toEqual({ kind: "paused", waiting: 1 });
    line.setPaused(false);
    const outcomes = await Promise.all([early.done, late.done, undone.done]);
    expect(outcomes.map(({ outcome }) => outcome.kind)).toEqual(["withdrawn", "learned", "withdrawn"]);
    expect(outcomes[1]).toMatchObject({ replaces: early.correctionId });
    expect(phases.filter((phase) => phase.endsWith("published"))).toEqual([`${late.correctionId} published`]);
  });

  it("gives up what is being trained when all is taken back, and tells who waits", async () => {
    const line = open();
    const first = await keep(line, "const a = ", "one();");
    const second = await keep(line, "const b = ", "two();");
    expect((await line.reset("preview")).length).toBe(2);
    expect((await line.reset("reset")).length).toBe(2);
    const outcomes = await Promise.all([first.done, second.done]);
    expect(outcomes.map(({ outcome }) => outcome.kind)).toEqual(["withdrawn", "withdrawn"]);
    await expect.poll(() => line.state).toEqual({ kind: "idle" });
    expect(learning.adapterVersion).toBe(0);
    await line.reset("undo");
    await expect.poll(() => learning.learnedCount()).toBe(2);
  });

  it("stops between two steps when paused, and begins anew afterwards", async () => {
    const line = open();
    const kept = await keep(line, "const a = ", "one();");
    line.setPaused(true);
    expect(line.state).toEqual({ kind: "paused", waiting: 1 });
    line.setPaused(false);
    expect((await kept.done).outcome.kind).toBe("learned");
  });

  it("says that the disk refuses, keeps the correction, and learns it with the next one", async () => {
    const line = open();
    // A file where the folder of adapters should be: nothing can be written there, not even by root.
    rmSync(bench.home.adapters, { recursive: true });
    writeFileSync(bench.home.adapters, "");
    const first = await keep(line, "const a = ", "one();");
    expect((await first.done).outcome).toMatchObject({ kind: "failed" });
    expect(line.state.kind).toBe("failed");

    rmSync(bench.home.adapters);
    mkdirSync(bench.home.adapters);
    chmodSync(bench.home.adapters, 0o700);
    const second = await keep(line, "const b = ", "two();");
    expect((await second.done).outcome.kind).toBe("learned");
    expect(learning.find(first.correctionId)?.status).toBe("learned");
    expect(line.state).toEqual({ kind: "idle" });
  });

  it("closes after the running step and leaves the rest for the next start", async () => {
    const line = open();
    await keep(line, "const a = ", "one();");
    await keep(line, "const b = ", "two();");
    await line.close();
    learning = await bench.open();
    expect(learning.pendingCount()).toBeGreaterThan(0);
    const again = open();
    again.wake();
    await expect.poll(() => learning.pendingCount()).toBe(0);
    expect(learning.learnedCount()).toBe(2);
    expect(changes).toBeGreaterThan(0);
  });
});
