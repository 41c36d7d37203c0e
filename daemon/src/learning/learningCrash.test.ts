import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { bundleScript, runScript } from "../../test/childScript.js";
import { complete, createBench } from "../../test/learningBench.js";
import { adapterFolder, tensorsPath } from "../store/adapters.js";
import { viewLearning } from "./open.js";

/**
 * In homes of their own at the same time: a process that starts or waits for its disk leaves a core idle, and each start
 * reads the home's whole journal.
 */
const HOMES = 2;
const KILLS_PER_HOME = 50;
/** The kill comes after so many lines at most, however slow the machine is, and then at any moment of the next. */
const LINES_BEFORE_KILL_MAX = 7;
const KILL_DELAY_MS_MAX = 60;

/** What the killed processes had been told, by correction. */
type Told = Map<string, "kept" | "learned" | "undone">;

async function killAtRandom(script: string, root: string, told: Told): Promise<void> {
  for (let run = 0; run < KILLS_PER_HOME; run++) {
    const ended = await runScript({
      script,
      args: [root, String(run)],
      onStarted: (child) => {
        let linesLeft = 1 + Math.floor(Math.random() * LINES_BEFORE_KILL_MAX);
        child.stdout?.on("data", () => {
          if (--linesLeft === 0) setTimeout(() => child.kill("SIGKILL"), Math.random() * KILL_DELAY_MS_MAX);
        });
      },
    });
    expect(ended).toMatchObject({ signal: "SIGKILL", stderr: "" });
    for (const line of ended.stdout.split("\n")) {
      const [word, id = ""] = line.split(" ");
      if (word === "kept" || word === "learned" || word === "undone") told.set(id, word);
    }
  }
}

it(`keeps every promise over ${HOMES * KILLS_PER_HOME} times kill -9 at random moments of teaching and undoing`, async () => {
  const script = await bundleScript(new URL("../../test/learningChild.ts", import.meta.url));
  await Promise.all(Array.from({ length: HOMES }, () => checkHome(script)));
}, 1_800_000);

async function checkHome(script: string): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), "ouro-crash-"));
  const told: Told = new Map();
  await killAtRandom(script, root, told);
  expect([...told.values()].filter((word) => word === "undone").length).toBeGreaterThan(5);

  const bench = await createBench(root);
  const { model, project } = bench.options;
  const view = await viewLearning(bench.options);
  // The newest adapter that the journal names loads; nothing but a torn tail and pending corrections is left.
  expect(view.notices.filter((notice) => notice.kind === "adapter")).toEqual([]);
  for (const notice of view.notices) {
    if (notice.kind === "journal") expect(notice.damage.kind).toBe("torn");
  }
  const statuses = new Map(view.learned().map((each) => [each.correction.id, each.status]));
  for (const [id, word] of told) {
    const status = statuses.get(id);
    expect(status).toBeDefined();
    // The process may have been killed between making the next state durable and saying so; each place is taught twice.
    if (word === "learned") expect(["learned", "superseded", "undone"]).toContain(status);
    if (word === "undone") expect(status).toBe("undone");
  }

  const learning = await bench.open({ newId: () => "last" });
  await learning.recover();
  expect(learning.learned().filter((each) => each.status === "pending")).toEqual([]);
  const newest = learning.learned().findLast((each) => each.status === "learned");
  expect(newest).toBeDefined();
  const { version, adapter } = learning.currentAdapter();
  expect(await complete(model, newest?.correction.prompt.text ?? "", adapter)).toBe(
    newest?.correction.wanted.text,
  );
  await learning.close();

  // Whatever way it came about, the adapter is what the journal alone makes of the checkpoint.
  const folder = adapterFolder(bench.home, { checkpoint: model.info.hash, project: project.id });
  const bits = readFileSync(tensorsPath(folder, version), "utf8");
  rmSync(bench.home.adapters, { recursive: true });
  const rebuilt = await bench.open();
  expect(await rebuilt.recover()).toMatchObject({ kind: "recovered", retrained: 0, lost: [] });
  expect(readFileSync(tensorsPath(folder, version), "utf8")).toBe(bits);
  await rebuilt.close();
  bench.remove();
}
