/** Runs a scenario of engineChild.mjs in a process of its own and gives what it printed. */

import { execFile } from "node:child_process";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
/** The address sanitizer, where it is at work, keeps freed memory aside, which is not what is measured here. */
const sanitizer = `${process.env.ASAN_OPTIONS ?? ""}:quarantine_size_mb=0:thread_local_quarantine_size_kb=0`;

export async function engineInChild(options: {
  readonly scenario: string;
  readonly model: string;
  readonly rounds?: number;
}): Promise<Record<string, unknown>> {
  const { scenario, model, rounds = 1 } = options;
  const file = join(import.meta.dirname, "engineChild.mjs");
  const { stdout } = await run(process.execPath, ["--expose-gc", file, scenario, model, String(rounds)], {
    cwd: dirname(model),
    env: { ...process.env, ASAN_OPTIONS: sanitizer },
  });
  return JSON.parse(stdout);
}
