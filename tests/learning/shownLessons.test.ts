/**
 * "Learned, proven" means what people will see: over drawn lessons, kept, trained and published as an editor's are, the
 * completion at the place of each is the text that was taught, unless it was refused before training or said not to be
 * learned.
 */

import { expect, test } from "vitest";
import { teachDrawn } from "./shownLessons.js";

test("drawn lessons are shown as they were taught, or said not to be learned", {
  timeout: 600_000,
}, async () => {
  const { proven, wrong } = await teachDrawn({ seed: 20261202, count: 12 });
  expect(wrong).toEqual([]);
  expect(proven).toBeGreaterThan(6);
});
