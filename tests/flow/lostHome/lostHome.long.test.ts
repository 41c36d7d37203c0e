/** The data home taken away 100 times under a daemon that teaches. */

import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { scratchFolder } from "../support/cli.js";
import { LOSSES, loseHome, makeTemplate } from "./lostHomeRounds.js";

const ROUNDS = 100;

const scratch = scratchFolder();
afterAll(scratch.remove);

test(`in ${ROUNDS} rounds nothing that was acknowledged is lost`, async () => {
  const template = await makeTemplate(scratch.path);
  const wrong: unknown[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const own = join(scratch.path, `round-${round}`);
    mkdirSync(own);
    const loss = LOSSES[round % LOSSES.length] ?? "moved";
    const { acknowledgedAfter, lost, lostByNext, hasEnded } = await loseHome({
      scratch: own,
      template,
      loss,
    });
    if (acknowledgedAfter.length + lost.length + lostByNext.length > 0 || !hasEnded) {
      wrong.push({ round, loss, acknowledgedAfter, lost, lostByNext, hasEnded });
    }
    rmSync(own, { recursive: true, force: true });
  }
  expect(wrong).toEqual([]);
});
