/** The data home taken away under a daemon that teaches, once in every way; 100 times in `lostHome.long.test.ts`. */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { scratchFolder } from "../support/cli.js";
import { LOSSES, loseHome, makeTemplate } from "./lostHomeRounds.js";

const scratch = scratchFolder();
let template: string;
beforeAll(async () => {
  template = await makeTemplate(scratch.path);
});
afterAll(scratch.remove);

test.each(LOSSES)("%s: nothing is acknowledged and lost, and the daemon ends", async (loss) => {
  const own = join(scratch.path, loss.replace(" ", "-"));
  mkdirSync(own);
  expect(await loseHome({ scratch: own, template, loss })).toEqual({
    loss,
    acknowledgedAfter: [],
    lost: [],
    lostByNext: [],
    hasEnded: true,
  });
});
