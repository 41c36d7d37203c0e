/** As `shownLessons.test.ts`, over 300 drawn lessons; prints what became of them. */

import { expect, test } from "vitest";
import { teachDrawn } from "./shownLessons.js";

const COUNT = 300;
/** Of what is not refused, so much is learned at least; the rest is said not to be. */
const PROVEN_MIN = 0.9;

test(`${COUNT} drawn lessons are shown as they were taught, or said not to be learned`, {
  timeout: 7_200_000,
}, async () => {
  const { refused, proven, failed, wrong, trained } = await teachDrawn({ seed: 20261201, count: COUNT });
  const seconds = trained.map((each) => each.seconds).sort((a, b) => a - b);
  console.log({ refused, proven, failed, longest: seconds.at(-1), median: seconds[seconds.length >> 1] });
  expect(wrong).toEqual([]);
  expect(proven / (proven + failed)).toBeGreaterThanOrEqual(PROVEN_MIN);
});
