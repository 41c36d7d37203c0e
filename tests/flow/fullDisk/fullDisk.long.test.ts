/** A data home whose file system fills up under a daemon, a hundred times. */

import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { scratchFolder } from "../support/cli.js";
import { mountDisk, playFullDisk, WHY_SKIPPED } from "./fullDiskRounds.js";

const ROUNDS = 100;

const scratch = scratchFolder();
const disk = mountDisk(join(scratch.path, "ouro-home"));
afterAll(() => {
  disk?.remove();
  scratch.remove();
});

test(`in ${ROUNDS} rounds nothing that was acknowledged is lost, and nothing else is kept`, async ({
  skip,
}) => {
  if (disk === undefined) return skip(WHY_SKIPPED);
  const counts = await playFullDisk(scratch.path, disk, ROUNDS);
  console.log(JSON.stringify(counts));
  expect(counts.refused).toBeGreaterThan(0);
});
