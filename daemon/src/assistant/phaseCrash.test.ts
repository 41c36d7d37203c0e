import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { bundleScript, runScript } from "../../test/childScript.js";
import { complete, createBench } from "../../test/learningBench.js";
import { NO_LOG } from "../base/log.js";
import type { DidLearn } from "../protocol/corrections.js";
import { ProjectLearning } from "./projectLearning.js";

describe("kill -9 of the daemon when a correction was", () => {
  let script: string;
  beforeAll(async () => {
    script = await bundleScript(new URL("../../test/phaseChild.ts", import.meta.url));
  });

  it.each([
    // What was acknowledged or trained is learned anew; what was published is there.
    ["kept", "pending"],
    ["trained", "pending"],
    ["verified", "pending"],
    ["published", "learned"],
    ["announced", "learned"],
  ])("%s: afterwards it is %s, and it is learned once", async (phase, status) => {
    const root = mkdtempSync(join(tmpdir(), "ouro-phase-"));
    const ended = await runScript({ script, args: [root, phase] });
    expect(ended).toMatchObject({ signal: "SIGKILL", stderr: "" });
    const correctionId = ended.stdout;

    const bench = await createBench(root);
    const learning = await bench.open();
    expect(learning.find(correctionId)?.status).toBe(status);
    const events: DidLearn[] = [];
    const line = new ProjectLearning({
      project: bench.options.project,
      learning,
      isPaused: false,
      onLearned: (event) => events.push(event),
      onChange: () => {},
      onPhase: () => {},
      log: NO_LOG,
    });
    line.wake();
    const told = () => events.map((event) => event.outcome.kind);
    await expect.poll(told).toEqual(status === "pending" ? ["learned"] : []);
    await expect.poll(() => line.state).toEqual({ kind: "idle" });
    expect(learning.learned().map((each) => [each.correction.id, each.status])).toEqual([
      [correctionId, "learned"],
    ]);
    const { adapter } = learning.currentAdapter();
    expect(await complete(bench.options.model, "const log = ", adapter)).toBe("createLogger();");
    await line.close();
    expect(told()).toEqual(status === "pending" ? ["learned"] : []);
    rmSync(root, { recursive: true });
  });
});
