/** Damaged model and vocabulary files are read or refused, never worse. The long run of the same is damaged.long.test.ts. */

import fc from "fast-check";
import { describe, test } from "vitest";
import { scratchFolder } from "../scratchFolder.js";
import { applyDamages, damages, expectReadOrRefused } from "./damage.js";
import { readersOf, sampleFiles } from "./sampleFiles.js";

const scratch = scratchFolder();

describe.each(sampleFiles())("%s", (name, bytes) => {
  const tryRead = (damaged: Uint8Array) => {
    const path = scratch.write("damaged", damaged);
    for (const read of readersOf(name)) expectReadOrRefused(() => read(path));
  };

  test("cut at every byte", () => {
    for (let length = 0; length < bytes.length; length += 1) tryRead(bytes.subarray(0, length));
  });

  test("with every byte inverted in turn", () => {
    for (let i = 0; i < bytes.length; i += 1) {
      const damaged = Buffer.from(bytes);
      damaged[i] = ~(damaged[i] ?? 0) & 0xff;
      tryRead(damaged);
    }
  });

  test("damaged at random", () => {
    fc.assert(
      fc.property(damages, (list) => tryRead(applyDamages(bytes, list))),
      { numRuns: 400 },
    );
  });
});
