import { appendFileSync } from "node:fs";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createBench, type LearningBench, lessonFor } from "../../test/learningBench.js";
import { encodeLine } from "../journal/line.js";
import type { Learning } from "./learning.js";
import { joinLearning, openJournalOf } from "./open.js";

let bench: LearningBench;
let open: Learning[];
beforeEach(async () => {
  bench = await createBench();
  open = [];
});
afterEach(async () => {
  for (const learning of open) await learning.close();
  bench.remove();
});

const begin = async () => {
  const learning = await bench.open();
  open.push(learning);
  return learning;
};

it("keeps while another correction is being learned", async () => {
  const learning = await begin();
  await learning.keep(lessonFor("const a = ", "one();"));
  const running = learning.learnNext();
  const second = await learning.keep(lessonFor("const b = ", "two();"));
  expect(learning.find(second)?.status).toBe("pending");
  expect(await running).toMatchObject({ kind: "learned", correctionId: "c1" });
  expect(await learning.learnNext()).toMatchObject({ kind: "learned", correctionId: second });
  expect(await learning.learnNext()).toEqual({ kind: "idle" });
});

it("keeps under the id that a lesson brings along", async () => {
  const learning = await begin();
  expect(await learning.keep(lessonFor("const a = ", "one();", { id: "s0123" }))).toBe("s0123");
  expect(learning.find("s0123")?.status).toBe("pending");
  expect(learning.find("other")).toBeUndefined();
});

it("leaves what was cancelled pending", async () => {
  const learning = await begin();
  const id = await learning.keep(lessonFor("const a = ", "one();"));
  const signal = AbortSignal.abort();
  expect(await learning.learnNext({ signal })).toEqual({ kind: "cancelled", correctionId: id });
  expect(learning.pendingCount()).toBe(1);
});

it("keeps nothing after it was closed", async () => {
  const learning = await bench.open();
  await learning.close();
  await expect(learning.keep(lessonFor("a = ", "b"))).rejects.toMatchObject({ code: "learning-closed" });
});

it("takes over what a text that was read has changed, though it does not come out word for word", async () => {
  const learning = await begin();
  const text = "The quick brown fox jumps over the lazy dog while the five boxing wizards watch quietly.";
  await learning.keep(lessonFor("#", text, { source: "org", aim: "read" }));
  const outcome = await learning.learnNext();
  if (outcome.kind !== "learned") throw new Error(`the text was not read: ${outcome.kind}`);
  expect(outcome.trained.proof).toEqual({ matches: false, tokens: [] });
  expect(outcome.trained.lossAfter).toBeLessThan(outcome.trained.lossBefore);
  expect(learning.currentAdapter().version).toBe(outcome.current.version);
  expect(outcome.current.version).toBeGreaterThan(0);
});

it("shares one journal between projects, each of which sees its own corrections only", async () => {
  const journal = await openJournalOf(bench.home, { onRecord: () => {} });
  const projectB = { id: "other-000000000000", name: "other", folder: "/other" };
  const shop = await joinLearning(bench.options, journal);
  const other = await joinLearning({ ...bench.options, project: projectB }, journal);
  await Promise.all([
    shop.keep(lessonFor("const a = ", "one();")),
    other.keep(lessonFor("const a = ", "two();")),
  ]);
  const outcomes = await Promise.all([shop.learnNext(), other.learnNext()]);
  expect(outcomes).toMatchObject([{ kind: "learned" }, { kind: "learned" }]);
  await shop.close();
  // The journal is not the first one's to close.
  await other.keep(lessonFor("const b = ", "three();"));
  await other.close();
  await journal.close();

  const again = await begin();
  expect(again.learned().map(({ correction }) => correction.wanted.text)).toEqual(["one();"]);
});

it("reads a correction that version 1 has written as one to be recalled", async () => {
  const learning = await bench.open();
  const id = await learning.keep(lessonFor("const a = ", "one();"));
  const found = learning.find(id);
  await learning.close();
  if (!found) throw new Error("nothing was kept");
  const { aim: _aim, ...old } = { ...found.correction, v: 1 as const, id: "old" };
  appendFileSync(`${bench.home.journal}/000001.jsonl`, encodeLine(old as typeof found.correction));
  const again = await begin();
  expect(again.find("old")?.correction.aim).toBe("recall");
});
