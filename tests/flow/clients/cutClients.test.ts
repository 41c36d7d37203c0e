/** What happens inside one client's connection is that client's affair: the others are answered, by the same daemon. */

import { expect, test } from "vitest";
import { cutRounds } from "./cutRounds.js";

const ROUNDS = 16;

test("clients that are lost with requests in flight disturb nobody", async () => {
  const seed = Date.now() % 1_000_000;
  console.log(`seed ${seed}`);
  const outcomes = await cutRounds(ROUNDS, seed);
  expect(outcomes.filter(({ fault }) => fault !== undefined)).toEqual([]);
  expect(outcomes).toHaveLength(ROUNDS);
});
