import { describe, expect, it } from "vitest";
import { createBench } from "../../test/learningBench.js";
import { AppError } from "../base/errors.js";
import { NO_LOG } from "../base/log.js";
import type { Project } from "../store/project.js";
import { OpenProjects } from "./openProjects.js";
import { ProjectLearning } from "./projectLearning.js";

const shop: Project = { id: "shop-0", name: "shop", folder: "/shop" };

describe("a project whose learning cannot be opened", () => {
  it("is told of, is not tried again with every key, and is forgotten when it opens", async () => {
    const bench = await createBench();
    const clock = { ms: 0 };
    let tries = 0;
    let problem: AppError | undefined = new AppError("journal-newer", "a newer version wrote it");
    const told: unknown[] = [];
    const projects = new OpenProjects({
      join: async () => {
        tries += 1;
        if (problem) throw problem;
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
      onFailed: ({ error }) => told.push(error),
      bytesOf: () => 0,
      nowMs: () => clock.ms,
    });
    for (let key = 0; key < 5; key++) {
      await expect(projects.openUnlessFailing(shop)).rejects.toBe(problem);
    }
    expect([tries, told.length]).toEqual([1, 1]);
    expect(projects.failed).toMatchObject([{ project: shop, error: problem }]);
    // Who asks for it in so many words is not put off.
    await expect(projects.open(shop)).rejects.toBe(problem);
    expect(tries).toBe(2);
    problem = undefined;
    clock.ms += 60_000;
    await projects.openUnlessFailing(shop);
    expect(projects.failed).toEqual([]);
    await projects.closeAll();
    bench.remove();
  });
});
