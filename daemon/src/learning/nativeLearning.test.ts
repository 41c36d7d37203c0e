import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { complete, createBench, type LearningBench, lessonFor, tokenizer } from "../../test/learningBench.js";
import type { SoleLearning } from "../../test/soleLearning.js";
import { type Adapter, createEngine, type Engine, type Model } from "../engine/engine.js";
import { adapterFolder, tensorsPath } from "../store/adapters.js";
import { LEARNING_DEFAULTS, type LearningSettings } from "./recipe.js";

/**
 * The same flows over the real engine: a model of two layers with its initial values, which knows nothing yet. It
 * needs larger steps, and more of them, than a trained one.
 */
const SHAPE = { layers: 2, width: 64, vocabularySize: tokenizer.size };
const LESSONS = [
  ["const log = ", "make();"],
  ["throw new ", "Bad(1);"],
] as const;

describe.each(["whole", "lora"] as const)("learning with the native engine, %s", (parameters) => {
  let engine: Engine;
  let model: Model;
  let bench: LearningBench;
  let scratch: string;
  const settings: LearningSettings = {
    ...LEARNING_DEFAULTS,
    parameters,
    wholeLearningRate: 3e-3,
    loraLearningRate: 2e-2,
    stepsMax: { teach: 150, edit: 150, org: 150 },
  };

  beforeAll(async () => {
    scratch = mkdtempSync(join(tmpdir(), "ouro-native-"));
    engine = createEngine({ threads: 1 });
    model = await engine.initialModel({ shape: SHAPE, seed: 5 });
    bench = await createBench(scratch);
  });
  afterAll(() => {
    engine.close();
    rmSync(scratch, { recursive: true, force: true });
  });

  const open = (changes: { readonly engine?: Engine; readonly model?: Model } = {}) =>
    bench.open({ engine, model, settings, ...changes });
  const fileOf = (version: number) =>
    readFileSync(
      tensorsPath(
        adapterFolder(bench.home, { checkpoint: model.info.hash, project: bench.options.project.id }),
        version,
      ),
    );
  /** Logits do not cross the boundary; their log-probabilities over a text do, and are as exact. */
  const probabilitiesUnder = async (adapter: Adapter | undefined) => {
    const tokens = tokenizer.encode("const log = make(); throw new Bad(1); and more");
    const score = await model.score({ state: model.zeroState(), tokens, ...(adapter && { adapter }) });
    if (score.kind === "cancelled") throw new Error("cancelled without a signal");
    return [...score.logProbabilities, ...score.margins];
  };
  const teachAll = async (learning: SoleLearning) => {
    for (const [prompt, wanted] of LESSONS) {
      const outcome = await learning.correct(lessonFor(prompt, wanted));
      expect(outcome).toMatchObject({ kind: "learned", trained: { proof: { matches: true } } });
    }
  };

  it("teaches, holds over processes, undoes to the same logits, and repeats bit for bit on other threads", async () => {
    const learning = await open();
    const base = await probabilitiesUnder(undefined);
    const first = await learning.correct(lessonFor(...LESSONS[0]));
    expect(first.kind).toBe("learned");
    const afterFirst = await probabilitiesUnder(learning.currentAdapter().adapter);
    expect(afterFirst).not.toEqual(base);
    expect((await learning.correct(lessonFor(...LESSONS[1]))).kind).toBe("learned");
    for (const [prompt, wanted] of LESSONS) {
      expect(await complete(model, prompt, learning.currentAdapter().adapter)).toBe(wanted);
    }
    const bits = fileOf(2);
    await learning.close();

    const again = await open();
    expect(again.notices).toEqual([]);
    expect(await complete(model, LESSONS[1][0], again.currentAdapter().adapter)).toBe(LESSONS[1][1]);
    await again.undo({});
    expect(await probabilitiesUnder(again.currentAdapter().adapter)).toEqual(afterFirst);
    await again.undo({});
    expect(again.currentAdapter()).toEqual({ version: 0 });
    expect(await probabilitiesUnder(again.currentAdapter().adapter)).toEqual(base);
    await again.close();

    const other = createEngine({ threads: 3 });
    const copy = await other.initialModel({ shape: SHAPE, seed: 5 });
    expect(copy.info.hash).toBe(model.info.hash);
    const third = await open({ engine: other, model: copy });
    await teachAll(third);
    expect(third.currentAdapter().version).toBe(4);
    expect(fileOf(4).equals(bits)).toBe(true);
    await third.close();
    other.close();
  });

  it("makes lost files again bit for bit", async () => {
    const before = await open();
    const { version } = before.currentAdapter();
    const bits = fileOf(version);
    await before.close();
    rmSync(bench.home.adapters, { recursive: true });
    const learning = await open();
    expect(learning.currentAdapter()).toEqual({ version: 0 });
    expect(await learning.recover()).toMatchObject({ kind: "recovered", retrained: 0, lost: [] });
    expect(learning.currentAdapter().version).toBe(version);
    expect(fileOf(version).equals(bits)).toBe(true);
    await learning.close();
  });

  it("stops within a step when it is cancelled, and learns it the next time", async () => {
    const learning = await open();
    const controller = new AbortController();
    const outcome = await learning.correct(lessonFor("import ", "x;"), {
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    expect(outcome.kind).toBe("cancelled");
    expect(await learning.recover()).toMatchObject({ trained: [{ outcome: "learned" }] });
    await learning.close();
  });
});
