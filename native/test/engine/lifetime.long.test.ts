/** Many lives of engines in one process. */

import { expect, test } from "vitest";
import { scratchFolder } from "../scratchFolder.js";
import { TINY, writeModel } from "../smallModel.js";
import { engineInChild } from "./engineInChild.js";

const folder = scratchFolder();

test("two hundred engines that load, write, train and close leave nothing behind", async () => {
  // A State of it takes 200 KiB, the model 1.6 MiB, a trainer some more.
  const model = writeModel({ folder: folder.path, shape: { ...TINY, layers: 12 }, seed: 81 });
  const { memory, ...counted } = await engineInChild({ scenario: "livesManyTimes", model, rounds: 200 });
  // Over the last 150: less than a State in each.
  expect(Number(memory)).toBeLessThan(8 * 1024);
  expect(Object.values(counted).every((grown) => grown === 0)).toBe(true);
});
