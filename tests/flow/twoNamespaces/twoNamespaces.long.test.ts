/** Two process namespaces that teach in one data home, a hundred rounds. */

import { afterAll, expect, test } from "vitest";
import { scratchFolder } from "../support/cli.js";
import { cannotMakeNamespaces, playTwoNamespaces, WHY_SKIPPED } from "./twoNamespacesRounds.js";

const ROUNDS = 100;

const scratch = scratchFolder();
afterAll(scratch.remove);

test(`in ${ROUNDS} rounds nothing that was acknowledged is lost or learned twice`, async ({ skip }) => {
  skip(cannotMakeNamespaces, WHY_SKIPPED);
  const { acknowledged, daemonsKilled } = await playTwoNamespaces(scratch.path, ROUNDS);
  console.log(`${acknowledged} acknowledged, ${daemonsKilled} daemons killed`);
  expect(acknowledged).toBeGreaterThanOrEqual(2 * ROUNDS);
  expect(daemonsKilled).toBeGreaterThan(0);
});
