import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LOG_FILE, type LoggedStep, openRunLog } from "./runLog.js";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ouro-log-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const step = (number: number, outcome: LoggedStep["outcome"] = "applied"): LoggedStep => ({
  step: number,
  loss: 5 - number,
  gradientNorm: 1,
  learningRate: 0.1,
  outcome,
  seconds: number,
});
const write = (text: string) => writeFile(join(folder, LOG_FILE), text);
const lines = (...rows: readonly object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join("");

describe("the log of a run", () => {
  it("goes on where the state was saved: later steps and notes are dropped, steps left out before it count", async () => {
    await write(
      lines(step(0), step(1, "outlier"), { step: 2, validationLoss: 3 }, step(2), step(3), {
        step: 4,
        validationLoss: 2,
      }),
    );
    const log = await openRunLog({ folder, appliedSteps: 2 });
    expect(log.steps).toEqual([step(0), step(1, "outlier"), step(2)]);
    await log.append(step(3));
    await log.close();
    expect(await readFile(join(folder, LOG_FILE), "utf8")).toBe(
      lines(step(0), step(1, "outlier"), { step: 2, validationLoss: 3 }, step(2), step(3)),
    );
  });

  it("survives a half written last line", async () => {
    await write(`${lines(step(0), step(1))}{"step":2,"lo`);
    const log = await openRunLog({ folder, appliedSteps: 2 });
    await log.close();
    expect(await readFile(join(folder, LOG_FILE), "utf8")).toBe(lines(step(0), step(1)));
  });

  it("reads back a loss that is no number", async () => {
    await write(lines({ ...step(0, "not-finite"), loss: Number.NaN }, step(1)));
    const log = await openRunLog({ folder, appliedSteps: 1 });
    await log.close();
    expect(log.steps[0]?.loss).toBeNaN();
  });

  it.each([
    ["knows of fewer steps than the state", lines(step(0)), 2],
    ["lacks a step", lines(step(0), step(2)), 2],
    ["is gone", "", 1],
  ])("refuses a log that %s", async (_name, text, appliedSteps) => {
    await write(text);
    await expect(openRunLog({ folder, appliedSteps })).rejects.toThrow(
      "does not belong to the state beside it",
    );
  });
});
