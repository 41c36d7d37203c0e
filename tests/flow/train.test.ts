/** Training on a file: whatever stops a run, going on with it ends in the same bits as a run that nothing stopped. */

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { loggedSteps, type RunOptions, runCli, scratchFolder } from "./support/cli.js";
import { writeTinyModel } from "./support/tinyModel.js";

const scratch = scratchFolder();
const text = join(scratch.path, "lines.txt");
let model: string;
let undisturbed: string;
let steps: number;

const report = z.object({ output: z.string(), steps: z.int(), tokens: z.int(), loss: z.number() });

const commonArgs = () => ["train", text, "--model", model, "--epochs", "40", "--save-every", "1", "--json"];

function train(home: string, more: readonly string[], how: Partial<RunOptions> = {}) {
  mkdirSync(home, { recursive: true });
  return runCli({ args: [...commonArgs(), ...more], home, ...how });
}

/** The folders of runs that are not over. */
function runsOf(home: string): readonly string[] {
  const runs = join(home, "ouro-home", "runs");
  return existsSync(runs) ? readdirSync(runs).map((name) => join(runs, name)) : [];
}

const hashOf = (path: string) => createHash("sha256").update(readFileSync(path)).digest("hex");

beforeAll(async () => {
  model = await writeTinyModel(join(scratch.path, "model"));
  const lines = Array.from(
    { length: 60 },
    (_, index) => `export const value${index} = compute(${index}, "${index}");`,
  );
  writeFileSync(text, lines.join("\n"));
  const ran = await train(join(scratch.path, "undisturbed"), []);
  expect(ran.code).toBe(0);
  const reported = report.parse(JSON.parse(ran.stdout));
  undisturbed = hashOf(reported.output);
  steps = reported.steps;
});
afterAll(scratch.remove);

describe("training on a file", () => {
  test("gives the same model every time, and leaves no run behind", async () => {
    const home = join(scratch.path, "again");
    const { output } = report.parse(JSON.parse((await train(home, [])).stdout));
    expect(hashOf(output)).toBe(undisturbed);
    expect(runsOf(home)).toEqual([]);
  });

  test("goes on after Ctrl-C as if nothing had happened", async () => {
    const home = join(scratch.path, "interrupted");
    const stopped = await train(home, [], { interruptWhen: /^train /m });
    expect(stopped.code).toBe(130);
    expect(stopped.stderr).toMatch(/Stopped at step \d+ of \d+; the same command with --resume goes on\.\n$/);
    expect(stopped.stdout).toBe("");
    const resumed = await train(home, ["--resume"]);
    expect(hashOf(report.parse(JSON.parse(resumed.stdout)).output)).toBe(undisturbed);
  });

  test("goes on after being killed at any moment", async () => {
    const home = join(scratch.path, "killed");
    for (const share of [0, 1 / 4, 1 / 2]) {
      const killWhen = () => runsOf(home).some((run) => loggedSteps(run) > share * steps);
      expect(await train(home, ["--resume"], { killWhen })).toMatchObject({ code: null, stdout: "" });
    }
    const resumed = await train(home, ["--resume"]);
    expect(resumed.code).toBe(0);
    expect(hashOf(report.parse(JSON.parse(resumed.stdout)).output)).toBe(undisturbed);
  });

  test("refuses to go on with another run's state", async () => {
    const home = join(scratch.path, "other");
    await train(home, [], { interruptWhen: /^train /m });
    const other = await train(home, ["--resume", "--seed", "2"]);
    expect(other.code).toBe(1);
    expect(other.stderr).toMatch(/^ouro: the stopped run was of another file, model or options;.*\n$/);
  });

  test("makes an adapter that a completion can name", async () => {
    const home = join(scratch.path, "adapter");
    const ran = await train(home, ["--parameters", "lora", "--rank", "4"]);
    const { output } = report.parse(JSON.parse(ran.stdout));
    const complete = (...more: readonly string[]) =>
      runCli({
        args: ["complete", "export const", "--tokens", "6", "--json", "--model", model, ...more],
        home,
      });
    const [plain, adapted] = [await complete(), await complete("--adapter", output)];
    expect([plain.code, adapted.code]).toEqual([0, 0]);
    expect(adapted.stdout).not.toBe(plain.stdout);
  });
});
