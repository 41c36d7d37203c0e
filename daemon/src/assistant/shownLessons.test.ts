/** A proof is what people will see: a model that writes the wanted tokens and is shown otherwise has learned nothing. */

import { afterEach, beforeEach, expect, test } from "vitest";
import { createBench, type LearningBench, lessonFor, text } from "../../test/learningBench.js";

let bench: LearningBench;
beforeEach(async () => {
  bench = await createBench();
});
afterEach(() => bench.remove());

const completion = (suffix: string) =>
  ({ as: "completion", prefix: "const log = ", suffix, healedPrefix: "" }) as const;

test.each([
  ["a completion that stands whole", "createLogger(", completion(""), "learned"],
  ["over lines", "a(\n);\n", completion("\nz();"), "learned"],
  ["nothing, in place of something", "", completion(""), "learned"],
  ["a completion of which the filters leave less", "b();\nz();", completion("\nz();\n"), "limit"],
  ["an answer", "yes", { as: "answer" } as const, "learned"],
])("%s", async (_name, wanted, shown, outcome) => {
  const learning = await bench.open();
  const learned = await learning.correct(lessonFor("const log = ", wanted, { shown, rejected: text("x") }));
  expect(learned.kind).toBe(outcome);
  if (learned.kind === "cancelled") return;
  expect(learned.trained.proof.matches).toBe(outcome === "learned");
  await learning.close();
});

test("a text of one token is no proof where the model goes on in its line", async () => {
  const learning = await bench.open();
  const { end: _, ...open } = lessonFor("const log = ", "c", { shown: completion("") });
  const following = bench.options.tokenizer.encode("onsole");
  expect((await learning.correct({ ...open, following })).kind).toBe("limit");
  await learning.close();
});

test("in a continuation the text counts as ended by its line", async () => {
  const learning = await bench.open();
  const { end: _, ...open } = lessonFor("const log = ", "createLogger(", { shown: completion("") });
  const following = bench.options.tokenizer.encode("\n");
  expect((await learning.correct({ ...open, following })).kind).toBe("learned");
  expect(learning.taughtTexts()).toEqual(["createLogger("]);
  await learning.undo({});
  expect(learning.taughtTexts()).toEqual([]);
  await learning.close();
});
