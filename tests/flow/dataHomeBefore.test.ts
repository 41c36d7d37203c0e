/**
 * What was taught to the product before it was rebuilt is still there: a data home that older commits wrote is read,
 * learned from and undone, with the figures and the bits that they gave. fixtures/dataHome/README.md says how it was
 * made. Scalar kernels, which are the same on every processor.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { runCli, scratchFolder } from "./support/cli.js";
import { copyDataHome, type Story, storySchema, tellStory } from "./support/dataHomeStory.js";

const fixture = fileURLToPath(new URL("../fixtures/dataHome", import.meta.url));
const scratch = scratchFolder();
const folder = scratch.path;
/** Of the same place as a later one: it stays in the weights, and has been called superseded since. */
const superseded = z.looseObject({ id: z.literal("gskprbshfm"), status: z.literal("learned") });
const asNamedNow = (_key: string, value: unknown) => {
  const { data } = superseded.safeParse(value);
  return data ? { ...data, status: "superseded" } : value;
};
const expected = storySchema.parse(
  JSON.parse(readFileSync(join(fixture, "expected.json"), "utf8"), asNamedNow),
);
let told: Story;

beforeAll(async () => {
  copyDataHome({ from: fixture, to: folder, by: folder });
  told = await tellStory({ folder, ouro: (...args) => runCli({ args, home: folder }) });
}, 180_000);
afterAll(scratch.remove);

describe("a data home of an older product", () => {
  test("is read without a complaint, with its model, settings, corrections and adapters", () => {
    expect(told.found).toMatchObject(expected.found);
  });

  test("has its pending correction learned, and the sample that is new in sft.org, and no other", () => {
    expect(told.inDaemon).toMatchObject(expected.inDaemon);
  });

  test("is the version before, to the same bits, once the newest correction is undone", () => {
    expect(told.newestUndone).toMatchObject(expected.newestUndone);
  });

  test("has the later corrections learned again, to the same bits, once an older one is undone", () => {
    expect(told.olderUndone).toMatchObject(expected.olderUndone);
  });

  test("gets its adapters back from the journal when they are lost, to the same bits", () => {
    expect(told.remade).toMatchObject(expected.remade);
    const lost = expected.olderUndone.adapters;
    expect(told.remade.adapters).toMatchObject(Object.fromEntries(Object.entries(lost).slice(1)));
    expect(told.records.map(({ kind }) => kind)).not.toContain("restored");
  });

  test("has its stopped training go on to the same end", () => {
    expect(told.resumed).toMatchObject(expected.resumed);
  });

  test("gets records that say the same", () => {
    expect(told.records).toMatchObject(expected.records);
  });
});
