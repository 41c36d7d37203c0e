/** A data home whose file system fills up under a daemon: a few rounds; a hundred in `fullDisk.long.test.ts`. */

import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { scratchFolder } from "../support/cli.js";
import { mountDisk, playFullDisk, WHY_SKIPPED } from "./fullDiskRounds.js";

const ROUNDS = 5;

const scratch = scratchFolder();
const disk = mountDisk(join(scratch.path, "ouro-home"));
afterAll(() => {
  disk?.remove();
  scratch.remove();
});

test("what is kept is there and learned once there is space; what is refused is told why", async ({
  skip,
}) => {
  if (disk === undefined) return skip(WHY_SKIPPED);
  const { refused } = await playFullDisk(scratch.path, disk, ROUNDS);
  expect(refused).toBeGreaterThan(0);
});
