import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createFakeEngine } from "../../test/fakeEngine.js";
import { createBench, type LearningBench, lessonFor } from "../../test/learningBench.js";
import { NO_LOG } from "../base/log.js";
import { createGivenCompletions } from "./givenCompletions.js";
import { Memory } from "./memory.js";
import { OpenProjects } from "./openProjects.js";
import { ProjectLearning } from "./projectLearning.js";
import { ServedModel } from "./servedModel.js";

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;

describe("the daemon's memory", () => {
  const clock = { ms: 0 };
  let bench: LearningBench;
  let isNamed: boolean;
  let released: number;
  let served: ServedModel;
  let memory: Memory;

  beforeEach(async () => {
    bench = await createBench();
    [clock.ms, isNamed, released] = [0, true, 0];
    const { model, tokenizer, project } = bench.options;
    const nowMs = () => clock.ms;
    const release = async () => {
      released += 1;
    };
    const loaded = {
      engine: { ...createFakeEngine(), releaseMemory: release },
      model,
      tokenizer,
      path: "",
      vocabularyPath: "",
      isEmbedded: true,
      form: "continue",
    } as const;
    const projects = new OpenProjects({
      join: () => bench.open(),
      begin: (_project, learning) =>
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
      bytesOf: ({ adapterVersion }) => adapterVersion,
      nowMs,
    });
    served = new ServedModel({ loaded, projects, nowMs });
    const given = createGivenCompletions();
    memory = new Memory({
      served: () => served,
      given,
      isNamed: () => isNamed,
      clients: () => 1,
      log: NO_LOG,
      nowMs,
    });
    const opened = await projects.open(project);
    const kept = await opened.keep({ lesson: lessonFor("const a = ", "one();"), origin: "completion" });
    await kept.done;
    await expect.poll(() => opened.isBusy).toBe(false);
    const read = { tokens: Uint32Array.of(1, 2), boundary: 1, marks: [], priority: "interactive" } as const;
    await served.sessions.sessionOf("1 a").stateBefore({ ...read, signal: new AbortController().signal });
    served.hold()();
  });
  afterEach(async () => {
    await memory.close();
    await served.close();
    bench.remove();
  });

  const held = () =>
    memory
      .held()
      .flatMap(({ name, bytes }) => (["adapters", "States", "lessons"].includes(name) ? bytes : []));
  const sweepAt = async (ms: number) => {
    clock.ms = ms;
    await memory.sweep();
    return held().map((bytes) => bytes > 0);
  };

  it("gives back a project soon after its last window, one with a window when nobody used it for long", async () => {
    expect(await sweepAt(20 * SECOND_MS)).toEqual([true, true, true]);
    expect(await sweepAt(2 * MINUTE_MS)).toEqual([true, true, false]);
    isNamed = false;
    expect(await sweepAt(2 * MINUTE_MS + SECOND_MS)).toEqual([false, true, false]);
    isNamed = true;
    await served.projects.open(bench.options.project);
    expect(await sweepAt(6 * MINUTE_MS)).toEqual([true, false, false]);
    expect(await sweepAt(8 * MINUTE_MS)).toEqual([false, false, false]);
  });

  it("goes back beside a lesson that waits for a person to resume learning", async () => {
    const [project] = served.projects.all;
    project?.setPaused(true);
    await project?.keep({ lesson: lessonFor("const b = ", "two();"), origin: "completion" });
    isNamed = false;
    expect(await sweepAt(2 * MINUTE_MS)).toEqual([true, true, false]);
    expect(released).toBe(1);
  });

  it("goes back to the system when nobody is answered, once for all that was let go", async () => {
    const release = served.hold();
    await sweepAt(20 * SECOND_MS);
    expect(released).toBe(0);
    release();
    await sweepAt(21 * SECOND_MS);
    expect(released).toBe(0);
    for (const second of [31, 32, 33]) await sweepAt(second * SECOND_MS);
    expect(released).toBe(1);
    await sweepAt(10 * MINUTE_MS);
    await sweepAt(11 * MINUTE_MS);
    expect(released).toBe(2);
  });
});
