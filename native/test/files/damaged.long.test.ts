/** damaged.test.ts for longer. */

import fc from "fast-check";
import { describe, test } from "vitest";
import { scratchFolder } from "../scratchFolder.js";
import { applyDamages, damages, expectReadOrRefused } from "./damage.js";
import { readersOf, sampleFiles } from "./sampleFiles.js";

const scratch = scratchFolder();
const RUNS = 100_000;

describe.each(sampleFiles())("%s", (name, bytes) => {
  test("damaged at random", { timeout: 30 * 60_000 }, () => {
    const property = fc.property(damages, (list) => {
      const path = scratch.write("damaged", applyDamages(bytes, list));
      for (const read of readersOf(name)) expectReadOrRefused(() => read(path));
    });
    fc.assert(property, { numRuns: RUNS });
  });
});
