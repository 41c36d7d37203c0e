/** The daemon's memory after many windows have come and gone, beside what it held before: one window on an untaught project. */

import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, test } from "vitest";
import { sampleCode } from "../../../daemon/src/cli/lab/bench/sampleCode.js";
import { runCli, scratchFolder } from "../support/cli.js";
import { startLsp } from "../support/lspClient.js";
import { loadAndClose, openWindow, residentBytes } from "../support/memoryLoad.js";

const scratch = scratchFolder();
const LOAD = { windows: 20, projects: 5, documentsPerWindow: 4, lessonsPerProject: 2 };
const RATIO_MAX = 1.5;
/** Seconds after the last window has closed: a project is given back after thirty, the last of lessons after sixty. */
const LOOKS_S = [5, 30, 60, 120, 600];

afterAll(scratch.remove);

test("20 windows over 5 taught projects leave at most half as much again as before them", async () => {
  const home = scratch.path;
  const first = await openWindow(home, "alone");
  const { pid } = await first.state(null);
  const megabytes = () => Math.round(residentBytes(pid) / 1e6);
  try {
    await sleep(3000);
    const idle = megabytes();
    let loaded = 0;
    const startedMs = Date.now();
    await loadAndClose(home, LOAD, () => {
      loaded = megabytes();
    });
    console.log(
      `idle ${idle} MB, loaded ${loaded} MB after ${Math.round((Date.now() - startedMs) / 1000)} s`,
    );
    let after = 0;
    let slept = 0;
    for (const look of LOOKS_S) {
      await sleep((look - slept) * 1000);
      slept = look;
      after = megabytes();
      console.log(`after ${look} s: ${after} MB`);
    }
    const status = await runCli({ args: ["status"], home });
    console.log(status.stdout);
    expect(after / idle).toBeLessThanOrEqual(RATIO_MAX);
    // Who comes back finds what was taught, and waits no longer for it than for a key.
    const folder = join(home, "project0");
    const back = await startLsp({ home, folder });
    const document = back.open(join(folder, "back.ts"), `${sampleCode(50)}\nexport const po`);
    const times: number[] = [];
    for (const key of "rt =") {
      await document.append(key);
      const startedMs = performance.now();
      await document.complete();
      times.push(Math.round(performance.now() - startedMs));
    }
    console.log(`completions of a project that was closed: ${times.join(", ")} ms`);
    const { projects } = await back.state(document.uri);
    expect(projects).toMatchObject([{ name: "project0", learned: LOAD.lessonsPerProject }]);
    await back.close();
  } finally {
    await first.close();
    await runCli({ args: ["stop"], home });
  }
});
