/** `cutClients.test.ts` with more rounds: every kind of request and every way of being lost, five times. */

import { expect, test } from "vitest";
import { cutRounds } from "./cutRounds.js";

const ROUNDS = 200;

test("200 clients that are lost with requests in flight disturb nobody", async () => {
  const seed = Date.now() % 1_000_000;
  console.log(`seed ${seed}`);
  const outcomes = await cutRounds(ROUNDS, seed);
  expect(outcomes.filter(({ fault }) => fault !== undefined)).toEqual([]);
  expect(outcomes).toHaveLength(ROUNDS);
});
