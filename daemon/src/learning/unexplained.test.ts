import { cpSync, readdirSync, renameSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createBench, type LearningBench, lessonFor } from "../../test/learningBench.js";
import { adapterFolder } from "../store/adapters.js";
import { describeNotice } from "./notices.js";
import { viewLearning } from "./open.js";

let bench: LearningBench;
beforeEach(async () => {
  bench = await createBench();
  const learning = await bench.open();
  await learning.correct(lessonFor("const log = ", "createLogger();"));
  await learning.correct(lessonFor("let total = ", "0n;"));
  await learning.close();
});
afterEach(() => bench.remove());

const files = () => {
  const { model, project } = bench.options;
  return readdirSync(adapterFolder(bench.home, { checkpoint: model.info.hash, project: project.id })).sort();
};
const sentences = async () => (await viewLearning(bench.options)).notices.map(describeNotice);

it("says that the journal was emptied, keeps the adapters, and takes them up again when it is put back", async () => {
  const before = files();
  const segment = join(bench.home.journal, "000001.jsonl");
  cpSync(segment, `${segment}.kept`);
  truncateSync(segment);

  const learning = await bench.open();
  expect(learning.currentAdapter().version).toBe(0);
  expect(learning.notices.map(describeNotice).join()).toMatch(/versions 1, 2 learned: it was emptied/);
  expect((await sentences()).join()).toMatch(/emptied or replaced/);
  await learning.correct(lessonFor("throw new ", "ShopError(code);"));
  expect(learning.currentAdapter().version).toBe(3);
  expect(files()).toEqual(expect.arrayContaining(before));
  await learning.close();

  renameSync(`${segment}.kept`, segment);
  const again = await bench.open();
  expect(again.currentAdapter().version).toBe(2);
  expect(again.learnedCount()).toBe(2);
  await again.close();
});

it("says nothing of what a crash or an undo left behind", async () => {
  const learning = await bench.open();
  await learning.undo({});
  await learning.close();
  expect(await sentences()).toEqual([]);
});
