import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { bundleScript, runScript } from "../../test/childScript.js";
import { readJournal } from "./segments.js";

const KILLS = 100;
const KILL_DELAY_MS_MAX = 25;

it(`holds every acknowledged record after ${KILLS} times kill -9 at random moments`, async () => {
  const script = await bundleScript(new URL("../../test/journalChild.ts", import.meta.url));
  const root = mkdtempSync(join(tmpdir(), "ouro-crash-"));
  mkdirSync(join(root, "journal"));
  const acknowledged: string[] = [];
  for (let run = 0; run < KILLS; run++) {
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
  expect(acknowledged.length).toBeGreaterThan(KILLS);
  const found = new Set(present);
  expect(acknowledged.filter((id) => !found.has(id))).toEqual([]);
  // At most one record per kill was durable without having been acknowledged.
  expect(present.length - acknowledged.length).toBeLessThanOrEqual(KILLS);
  expect(damage.filter((each) => each.kind !== "torn")).toEqual([]);
  rmSync(root, { recursive: true });
}, 120_000);
