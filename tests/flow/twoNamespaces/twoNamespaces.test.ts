/** Two process namespaces that teach in one data home: a few rounds; a hundred in `twoNamespaces.long.test.ts`. */

import { afterAll, expect, test } from "vitest";
import { scratchFolder } from "../support/cli.js";
import { cannotMakeNamespaces, playTwoNamespaces, WHY_SKIPPED } from "./twoNamespacesRounds.js";

const ROUNDS = 4;

const scratch = scratchFolder();
afterAll(scratch.remove);

test("what either was told is kept lasts once, is learned once, and a third is told who is there", async ({
  skip,
}) => {
  skip(cannotMakeNamespaces, WHY_SKIPPED);
  const { acknowledged } = await playTwoNamespaces(scratch.path, ROUNDS);
  expect(acknowledged).toBeGreaterThanOrEqual(2 * ROUNDS);
});
