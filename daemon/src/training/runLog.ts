/**
 * The log of a training run, `losses.jsonl`: one line per step, in order. It is also where a resumed run finds which
 * step comes next: the trainer's state counts the steps that were applied, the log knows the ones that were not.
 */

import { open } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { writeFileAtomic } from "../base/atomicFile.js";
import { AppError } from "../base/errors.js";
import { readRegularText } from "../base/regularFile.js";

export const LOG_FILE = "losses.jsonl";

// JSON has no NaN or infinity: a step that was not finite has null.
const number = z
  .number()
  .nullable()
  .transform((value) => value ?? Number.NaN);
const loggedStepSchema = z.object({
  step: z.int(),
  /** Nats per token of the batch. */
  loss: number,
  /** Before clipping. */
  gradientNorm: number,
  learningRate: z.number(),
  outcome: z.enum(["applied", "not-finite", "outlier"]),
  /** Since this leg of the run began. */
  seconds: z.number(),
});
export type LoggedStep = z.infer<typeof loggedStepSchema>;

export interface RunLog {
  /** From step 0 on. */
  readonly steps: readonly LoggedStep[];
  append(step: LoggedStep): Promise<void>;
  /** A line beside the steps, which a resumed run forgets if its state is older. */
  note(line: Readonly<Record<string, number>>): Promise<void>;
  /** Until this resolves a power cut may lose lines. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens the log where `appliedSteps` steps had been applied and drops what came later. Throws AppError `input-invalid`
 * for a log that knows of fewer: it is not this state's.
 */
export async function openRunLog(options: {
  readonly folder: string;
  readonly appliedSteps: number;
}): Promise<RunLog> {
  const path = join(options.folder, LOG_FILE);
  const { lines, steps } = await readLog(path, options.appliedSteps);
  await writeFileAtomic(path, lines.map((line) => `${line}\n`).join(""));
  const file = await open(path, "a", 0o600);
  return {
    steps,
    async append(step) {
      steps.push(step);
      await file.write(`${JSON.stringify(step)}\n`);
    },
    async note(line) {
      await file.write(`${JSON.stringify(line)}\n`);
    },
    sync: () => file.sync(),
    close: () => file.close(),
  };
}

async function readLog(
  path: string,
  appliedSteps: number,
): Promise<{ lines: string[]; steps: LoggedStep[] }> {
  const text = await readRegularText(path).catch(() => "");
  const lines: string[] = [];
  const steps: LoggedStep[] = [];
  let applied = 0;
  for (const line of text.split("\n")) {
    if (applied === appliedSteps) break;
    const parsed = loggedStepSchema.safeParse(parseJson(line));
    // The last line of a killed run may be half written; notes are no steps.
    if (line === "") continue;
    lines.push(line);
    if (!parsed.success) continue;
    steps.push(parsed.data);
    if (parsed.data.outcome === "applied") applied++;
  }
  if (applied < appliedSteps || steps.some(({ step }, index) => step !== index))
    throw new AppError(
      "input-invalid",
      `${path} does not belong to the state beside it, which has taken ${appliedSteps} steps; start the run anew with --restart`,
    );
  return { lines, steps };
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
