import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { bundleScript, runScript } from "../../test/childScript.js";
import { readJournal } from "./segments.js";

/** In homes of their own at the same time: a process that starts or waits for its disk leaves a core idle. */
const HOMES = 2;
const KILLS_PER_HOME = 50;
const KILL_DELAY_MS_MAX = 25;

it(`holds every acknowledged record after ${HOMES * KILLS_PER_HOME} times kill -9 at random moments`, async () => {
  const script = await bundleScript(new URL("../../test/journalChild.ts", import.meta.url));
  await Promise.all(Array.from({ length: HOMES }, () => checkHome(script)));
});

async function checkHome(script: string): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), "ouro-crash-"));
  mkdirSync(join(root, "journal"));
  const acknowledged: string[] = [];
  for (let run = 0; run < KILLS_PER_HOME; run++) {
    const ended = await runScript({
      script,
      args: [root, String(run)],
      onStarted: (child) => {
        child.stdout?.once("data", () => {
          setTimeout(() => child.kill("SIGKILL"), Math.random() * KILL_DELAY_MS_MAX);
        });
      },
    });
    expect(ended).toMatchObject({ signal: "SIGKILL", stderr: "" });
    // The pipe holds only whole lines that were written before the kill: `writeSync` of a few bytes is not split.
    acknowledged.push(...ended.stdout.split("\n").filter((line) => line.startsWith("r")));
  }

  const present: string[] = [];
  const { damage } = await readJournal({
    folder: join(root, "journal"),
    onRecord: (record) => present.push(record.kind === "correction" ? record.id : record.kind),
  });
  expect(acknowledged.length).toBeGreaterThan(KILLS_PER_HOME);
  const found = new Set(present);
  expect(acknowledged.filter((id) => !found.has(id))).toEqual([]);
  // At most one record per kill was durable without having been acknowledged.
  expect(present.length - acknowledged.length).toBeLessThanOrEqual(KILLS_PER_HOME);
  expect(damage.filter((each) => each.kind !== "torn")).toEqual([]);
  rmSync(root, { recursive: true });
}
