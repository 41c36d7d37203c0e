import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, it } from "vitest";
import { createBench, type LearningBench, lessonFor } from "../../test/learningBench.js";
import type { SoleLearning } from "../../test/soleLearning.js";
import { adapterFolder, tensorsPath } from "../store/adapters.js";

type Lesson = readonly [prompt: string, wanted: string];
/** Two places are taught twice, so that corrections contradict one another. */
const LESSONS: readonly Lesson[] = [
  ["const log = ", "createLogger();"],
  ["throw new ", "ShopError(code);"],
  ["const log = ", "pino();"],
  ["let total = ", "0n;"],
  ["throw new ", "Error();"],
];

type Act = { readonly kind: "teach" } | { readonly kind: "undo"; readonly which: number };
const act = fc.oneof(
  { weight: 2, arbitrary: fc.constant<Act>({ kind: "teach" }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("undo" as const), which: fc.nat() }) },
);

/** The current adapter's file; empty for the base. */
function currentBits(bench: LearningBench, learning: SoleLearning): string {
  const { model, project } = bench.options;
  const folder = adapterFolder(bench.home, { checkpoint: model.info.hash, project: project.id });
  const path = tensorsPath(folder, learning.currentAdapter().version);
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

it("any teaching and undoing leaves the bits of having taught only what was not undone", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(act, { minLength: 3, maxLength: 9 }), async (acts) => {
      const bench = await createBench();
      const learning = await bench.open();
      const left: { readonly id: string; readonly lesson: Lesson }[] = [];
      let taught = 0;
      for (const each of acts) {
        if (each.kind === "teach") {
          const lesson = LESSONS[taught++ % LESSONS.length];
          if (!lesson) continue;
          const outcome = await learning.correct(lessonFor(...lesson));
          if (outcome.kind === "learned") left.push({ id: outcome.correctionId, lesson });
        } else if (left.length > 0) {
          const [undone] = left.splice(each.which % left.length, 1);
          expect(await learning.undo({ correctionId: undone?.id ?? "" })).toMatchObject({ lost: [] });
        }
      }
      const bits = currentBits(bench, learning);
      await learning.close();
      bench.remove();

      const never = await createBench();
      const other = await never.open();
      for (const { lesson } of left) await other.correct(lessonFor(...lesson));
      expect(currentBits(never, other)).toBe(bits);
      await other.close();
      never.remove();
    }),
    { numRuns: 12 },
  );
}, 300_000);
