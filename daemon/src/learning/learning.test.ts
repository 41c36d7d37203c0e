import { appendFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  complete,
  createBench,
  type LearningBench,
  lessonFor,
  text,
  tokenizer,
} from "../../test/learningBench.js";
import type { SoleLearning } from "../../test/soleLearning.js";
import type { Model, Trainer } from "../engine/engine.js";
import type { Lesson } from "../lessons/lesson.js";
import { adapterFolder, tensorsPath } from "../store/adapters.js";
import type { LearningProgress } from "./context.js";
import { describeNotice } from "./notices.js";
import { viewLearning } from "./open.js";
import { LEARNING_DEFAULTS } from "./recipe.js";

const LESSONS = [
  ["const log = ", "createLogger();"],
  ["throw new ", "ShopError(code);"],
  ["import { test } from ", '"vitest";'],
  ["let total = ", "0n;"],
] as const;

let bench: LearningBench;
let model: Model;
let folder: string;
beforeEach(async () => {
  bench = await createBench();
  model = bench.options.model;
  folder = adapterFolder(bench.home, { checkpoint: model.info.hash, project: bench.options.project.id });
});
afterEach(() => bench.remove());

async function teachAll(learning: SoleLearning, lessons: readonly (readonly [string, string])[] = LESSONS) {
  const ids: string[] = [];
  for (const [prompt, wanted] of lessons) {
    const outcome = await learning.correct(lessonFor(prompt, wanted));
    expect(outcome.kind).toBe("learned");
    ids.push(outcome.correctionId);
  }
  return ids;
}

const answersOf = (learning: SoleLearning) =>
  Promise.all(LESSONS.map(([prompt]) => complete(model, prompt, learning.currentAdapter().adapter)));
const fileOf = (version: number) => readFileSync(tensorsPath(folder, version), "utf8");
const statusesOf = (learning: SoleLearning) => learning.learned().map((each) => each.status);

describe("correct", () => {
  it("makes the model write what was wanted, and reports how", async () => {
    const learning = await bench.open();
    const steps: LearningProgress[] = [];
    expect(await complete(model, "const log = ")).not.toBe("createLogger();");
    const outcome = await learning.correct(lessonFor("const log = ", "createLogger();"), {
      onProgress: (progress) => steps.push(progress),
    });
    if (outcome.kind !== "learned") throw new Error(outcome.kind);
    const { adapter } = learning.currentAdapter();
    expect(await complete(model, "const log = ", adapter)).toBe("createLogger();");
    expect(outcome.trained).toMatchObject({ adapterFrom: 0, adapterTo: 1, proof: { matches: true } });
    expect(outcome.trained.lossAfter).toBeLessThan(outcome.trained.lossBefore);
    expect(outcome.trained.marginAfter).toBeGreaterThanOrEqual(3);
    expect(steps.length).toBe(outcome.trained.steps);
    expect(steps.at(-1)).toMatchObject({ correctionId: "c1", purpose: "new", index: 1, count: 1 });
    await learning.close();
  });

  it("holds in another process, from the files alone", async () => {
    const learning = await bench.open();
    await teachAll(learning);
    const before = await answersOf(learning);
    await learning.close();
    const again = await bench.open();
    expect(again.notices).toEqual([]);
    expect(again.currentAdapter().version).toBe(4);
    expect(await answersOf(again)).toEqual(before);
    await again.close();
  });

  it("keeps a stream of corrections by replay", async () => {
    const learning = await bench.open();
    await teachAll(learning);
    expect(await answersOf(learning)).toEqual(LESSONS.map(([, wanted]) => wanted));
    await learning.close();
  });

  it("gives the same bits for the same corrections, whatever their ids and times", async () => {
    const other = await createBench();
    const here = await bench.open();
    const there = await other.open({
      newId: () => `z${Math.random().toString(36).slice(2)}`,
      clock: () => new Date(),
    });
    await teachAll(here);
    await teachAll(there);
    await here.close();
    await there.close();
    const otherFolder = adapterFolder(other.home, {
      checkpoint: model.info.hash,
      project: bench.options.project.id,
    });
    for (let version = 1; version <= LESSONS.length; version++) {
      expect(readFileSync(tensorsPath(otherFolder, version), "utf8")).toBe(fileOf(version));
    }
    other.remove();
  });

  it("follows the newer of two contradicting corrections", async () => {
    const learning = await bench.open();
    await teachAll(learning, [["const log = ", "createLogger();"]]);
    await teachAll(learning, [["const log = ", "pino();"]]);
    expect(await complete(model, "const log = ", learning.currentAdapter().adapter)).toBe("pino();");
    await learning.close();
  });

  it("takes no step and makes no version for what is known already", async () => {
    const learning = await bench.open();
    await teachAll(learning, [["const log = ", "createLogger();"]]);
    const outcome = await learning.correct(lessonFor("const log = ", "createLogger();", { source: "edit" }));
    expect(outcome).toMatchObject({ kind: "learned", trained: { steps: 0, adapterFrom: 1, adapterTo: 1 } });
    expect(statusesOf(learning)).toEqual(["superseded", "learned"]);
    expect((await learning.undo({})).kind).toBe("undone");
    expect(learning.currentAdapter().version).toBe(1);
    await learning.close();
  });

  it("learns that a text ends earlier, by its ending or by what follows", async () => {
    const learning = await bench.open();
    const rejected = text("a + b + c;");
    await teachAll(learning, [
      ["sum = ", "a + b + c;"],
      ["add = ", "a + b + c;"],
    ]);
    const cut = await learning.correct(lessonFor("sum = ", "a + b", { rejected }));
    expect(cut).toMatchObject({ kind: "learned", trained: { spanStart: 5 } });
    expect(await complete(model, "sum = ", learning.currentAdapter().adapter)).toBe("a + b");
    const open = withoutEnd(lessonFor("add = ", "a + b", { rejected }));
    const followed = await learning.correct({ ...open, following: tokenizer.encode(")\n") });
    expect(followed).toMatchObject({ kind: "learned", trained: { spanStart: 5 } });
    const written = await complete(model, "add = ", learning.currentAdapter().adapter);
    expect(written.startsWith("a + b)")).toBe(true);
    await learning.close();
  });

  it("teaches the lead too where the model does not write it by itself", async () => {
    const learning = await bench.open();
    const outcome = await learning.correct(
      lessonFor("x = ", "alpha beta", { rejected: text("alpha gamma") }),
    );
    expect(outcome).toMatchObject({ kind: "learned", trained: { spanStart: 0 } });
    await learning.close();
  });

  it("keeps one shape of parameters along a line, whatever the settings say later", async () => {
    const learning = await bench.open();
    await teachAll(learning, [LESSONS[0]]);
    await learning.close();
    const other = await bench.open({ settings: { ...LEARNING_DEFAULTS, parameters: "lora" } });
    const outcome = await other.correct(lessonFor(...LESSONS[1]));
    expect(outcome).toMatchObject({ trained: { recipe: { parameters: { kind: "whole" } } } });
    await other.close();
  });

  it("says when the steps did not suffice, and changes nothing", async () => {
    const learning = await bench.open({
      settings: { ...LEARNING_DEFAULTS, stepsMax: { teach: 1, edit: 1, org: 1 }, wholeLearningRate: 1e-9 },
    });
    const outcome = await learning.correct(lessonFor("const log = ", "createLogger();"));
    expect(outcome).toMatchObject({ kind: "limit", trained: { steps: 1, proof: { matches: false } } });
    expect(learning.currentAdapter()).toEqual({ version: 0 });
    expect(statusesOf(learning)).toEqual(["not-learned"]);
    await learning.close();
  });

  it("discards a step that is not finite, and says so", async () => {
    const learning = await bench.open({
      settings: { ...LEARNING_DEFAULTS, wholeLearningRate: Number.MAX_VALUE },
    });
    const outcome = await learning.correct(lessonFor("const log = ", "createLogger();"));
    expect(outcome.kind).toBe("diverged");
    expect(learning.currentAdapter()).toEqual({ version: 0 });
    await learning.close();
  });

  it("goes on training where rounding for storage undid what was learned", async () => {
    let published = 0;
    const learning = await bench.open({
      model: withTrainer(model, (trainer) => ({
        ...trainer,
        async publish() {
          published++;
          if (published > 2) return trainer.publish();
          return model.createTrainer(TRAINER).publish();
        },
      })),
    });
    const outcome = await learning.correct(lessonFor("const log = ", "createLogger();"));
    expect(outcome.kind).toBe("learned");
    expect(published).toBe(3);
    await learning.close();
  });

  it.each([
    ["correction-empty", lessonFor("a", "same", { rejected: text("same") })],
    ["correction-empty", withoutEnd(lessonFor("a", ""))],
    ["correction-invalid", lessonFor("a", "b", { boundary: 1 })],
    ["correction-invalid", lessonFor("a", "b", { boundary: -1 })],
    ["correction-invalid", lessonFor("a", "b", { boundary: 0.5 })],
    ["correction-invalid", lessonFor("", "b")],
    ["correction-invalid", lessonFor("a", "b", { wanted: { text: "?", tokens: Uint32Array.of(257) } })],
    ["correction-invisible", lessonFor("a", "b\u202ec")],
    ["correction-unshown", lessonFor("a", " \n")],
    ["correction-too-long", lessonFor("a", "b".repeat(193))],
    ["correction-too-long", lessonFor("a".repeat(16_385), "b")],
    ["record-too-long", lessonFor("a", "b", { prompt: { ...text("a"), text: "x".repeat(1 << 20) } })],
  ])("refuses with %s, keeping nothing", async (code, bad) => {
    const learning = await bench.open();
    await expect(learning.correct(bad)).rejects.toMatchObject({ code });
    expect(learning.learned()).toEqual([]);
    await learning.close();
  });

  it("keeps what was cancelled and learns it on recovery", async () => {
    const learning = await bench.open();
    const controller = new AbortController();
    const outcome = await learning.correct(lessonFor("const log = ", "createLogger();"), {
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    expect(outcome).toEqual({ kind: "cancelled", correctionId: "c1" });
    expect(statusesOf(learning)).toEqual(["pending"]);
    await learning.close();

    const again = await bench.open();
    expect(again.notices).toEqual([{ kind: "pending", corrections: ["c1"] }]);
    expect(await again.recover()).toMatchObject({ kind: "recovered", trained: [{ outcome: "learned" }] });
    expect(await complete(model, "const log = ", again.currentAdapter().adapter)).toBe("createLogger();");
    await again.close();
  });

  it("runs operations one after another, and turns away what comes after closing", async () => {
    const learning = await bench.open();
    const [one, two] = await Promise.all([
      learning.correct(lessonFor(...LESSONS[0])),
      learning.correct(lessonFor(...LESSONS[1])),
    ]);
    expect([one, two]).toMatchObject([{ trained: { adapterTo: 1 } }, { trained: { adapterTo: 2 } }]);
    await learning.close();
    await expect(learning.undo({})).rejects.toMatchObject({ code: "learning-closed" });
    await learning.close();
  });

  it("keeps projects apart", async () => {
    const learning = await bench.open();
    await teachAll(learning);
    await learning.close();
    const other = await bench.open({
      project: { id: "other-111111111111", name: "other", folder: "/other" },
    });
    expect(other.learned()).toEqual([]);
    expect(other.currentAdapter()).toEqual({ version: 0 });
    await other.close();
  });
});

describe("undo", () => {
  it("of the newest returns to the very same bits, down to the base", async () => {
    const learning = await bench.open();
    const answers = [await answersOf(learning)];
    const bits = [""];
    for (const lesson of LESSONS) {
      await teachAll(learning, [lesson]);
      answers.push(await answersOf(learning));
      bits.push(fileOf(learning.currentAdapter().version));
    }
    for (let left = LESSONS.length - 1; left >= 0; left--) {
      expect(await learning.undo({})).toMatchObject({ kind: "undone", retrained: 0, lost: [] });
      const { version } = learning.currentAdapter();
      expect(version).toBe(left);
      expect(await answersOf(learning)).toEqual(answers[left]);
      if (version > 0) expect(fileOf(version)).toBe(bits[left]);
    }
    await expect(learning.undo({})).rejects.toMatchObject({ code: "nothing-to-undo" });
    await learning.close();
  });

  it("of an older one leaves what never having taught it would have given", async () => {
    const learning = await bench.open();
    const ids = await teachAll(learning);
    expect(await learning.undo({ correctionId: ids[1] ?? "" })).toMatchObject({ retrained: 2, lost: [] });
    await learning.close();
    const never = await createBench();
    const other = await never.open();
    await teachAll(other, [LESSONS[0], LESSONS[2], LESSONS[3]]);
    const otherFolder = adapterFolder(never.home, {
      checkpoint: model.info.hash,
      project: bench.options.project.id,
    });
    // Versions only grow: the three that came with the undone one are 2, 3, 4, those without it 5 and 6.
    expect(fileOf(6)).toBe(readFileSync(tensorsPath(otherFolder, 3), "utf8"));
    const again = await bench.open();
    expect(again.currentAdapter().version).toBe(6);
    expect(statusesOf(again)).toEqual(["learned", "undone", "learned", "learned"]);
    await again.close();
    await other.close();
    never.remove();
  });

  it("goes through in any order to the base", async () => {
    const learning = await bench.open();
    const before = await answersOf(learning);
    const [a = "", b = "", c = "", d = ""] = await teachAll(learning);
    for (const correctionId of [c, a, d, b]) await learning.undo({ correctionId });
    expect(learning.currentAdapter()).toEqual({ version: 0 });
    expect(await answersOf(learning)).toEqual(before);
    expect(readdirSync(folder)).toEqual([]);
    await learning.close();
  });

  it("never gives a version twice", async () => {
    const learning = await bench.open();
    await teachAll(learning, [LESSONS[0], LESSONS[1]]);
    await learning.undo({});
    await teachAll(learning, [LESSONS[2]]);
    expect(learning.currentAdapter().version).toBe(3);
    await learning.close();
  });

  it("takes back a pending correction", async () => {
    const learning = await bench.open();
    const { correctionId } = await learning.correct(lessonFor(...LESSONS[0]), {
      signal: AbortSignal.abort(),
    });
    expect(await learning.undo({ correctionId })).toMatchObject({ kind: "undone", retrained: 0 });
    expect(statusesOf(learning)).toEqual(["undone"]);
    expect(await learning.recover()).toMatchObject({ trained: [] });
    await learning.close();
  });

  it("has not happened when it is cancelled", async () => {
    const learning = await bench.open();
    const [first = ""] = await teachAll(learning);
    const before = await answersOf(learning);
    const controller = new AbortController();
    const outcome = await learning.undo(
      { correctionId: first },
      { signal: controller.signal, onProgress: ({ index }) => index === 2 && controller.abort() },
    );
    expect(outcome).toEqual({ kind: "cancelled" });
    expect(await answersOf(learning)).toEqual(before);
    expect(learning.currentAdapter().version).toBe(4);
    await learning.close();
    const again = await bench.open();
    expect(again.currentAdapter().version).toBe(4);
    expect(statusesOf(again)).toEqual(["learned", "learned", "learned", "learned"]);
    expect(await again.undo({ correctionId: first })).toMatchObject({ kind: "undone", retrained: 3 });
    await again.close();
  });

  it("says what is wrong with an id", async () => {
    const learning = await bench.open();
    const [first = ""] = await teachAll(learning, [LESSONS[0]]);
    await expect(learning.undo({ correctionId: "nope" })).rejects.toMatchObject({
      code: "correction-unknown",
    });
    await learning.undo({});
    await expect(learning.undo({ correctionId: first })).rejects.toMatchObject({ code: "correction-undone" });
    await learning.close();
  });

  it("reaches further back than files are kept, bit for bit", async () => {
    const lessons = Array.from({ length: 11 }, (_, index) => [`key${index} = `, `value${index};`] as const);
    const learning = await bench.open();
    const bits: string[] = [];
    for (const lesson of lessons) {
      await teachAll(learning, [lesson]);
      bits.push(fileOf(learning.currentAdapter().version));
    }
    expect(readdirSync(folder).filter((name) => name.endsWith(".safetensors"))).toHaveLength(8);
    for (let left = lessons.length - 1; left > 0; left--) {
      await learning.undo({});
      expect(learning.currentAdapter().version).toBe(left);
      expect(fileOf(left)).toBe(bits[left - 1]);
    }
    await learning.close();
  });
});

describe("damage", () => {
  async function taught() {
    const learning = await bench.open();
    await teachAll(learning);
    const bits = fileOf(4);
    const answers = await answersOf(learning);
    await learning.close();
    return { bits, answers };
  }

  it.each([
    ["changed", () => appendFileSync(tensorsPath(folder, 4), "x")],
    ["cut short", () => writeFileSync(tensorsPath(folder, 4), "")],
    ["missing", () => rmSync(tensorsPath(folder, 4))],
    ["without a manifest", () => rmSync(join(folder, "000004.json"))],
  ])(
    "falls back where the newest adapter is %s, says so, and makes it again bit for bit",
    async (_name, spoil) => {
      const { bits, answers } = await taught();
      spoil();
      const view = await viewLearning(bench.options);
      expect(view.currentAdapter().version).toBe(3);
      expect(view.notices).toEqual([{ kind: "adapter", version: 4, used: 3, corrections: ["c4"] }]);
      expect(view.notices.map(describeNotice)[0]).toMatch(
        /version 4 is missing or damaged: version 3 is used/,
      );

      const learning = await bench.open();
      expect(learning.currentAdapter().version).toBe(3);
      expect(await learning.recover()).toMatchObject({
        kind: "recovered",
        retrained: 0,
        lost: [],
        trained: [],
      });
      expect(learning.currentAdapter().version).toBe(4);
      expect(await answersOf(learning)).toEqual(answers);
      expect(fileOf(4)).toBe(bits);
      await learning.close();
      expect((await viewLearning(bench.options)).notices).toEqual([]);
    },
  );

  it("makes everything again from the journal when all adapters are gone, before it learns on", async () => {
    const { bits } = await taught();
    rmSync(bench.home.adapters, { recursive: true });
    const learning = await bench.open();
    expect(learning.currentAdapter()).toEqual({ version: 0 });
    expect(await learning.correct(lessonFor("last = ", "one;"))).toMatchObject({
      kind: "learned",
      trained: { adapterFrom: 4, adapterTo: 5 },
    });
    expect(fileOf(4)).toBe(bits);
    await learning.close();
  });

  it("gives new versions where training again gives other bits, as on another processor", async () => {
    await taught();
    rmSync(bench.home.adapters, { recursive: true });
    const other = withTrainer(model, (trainer) => ({
      ...trainer,
      saveAdapter: (options) =>
        trainer.saveAdapter({ ...options, metadata: { ...options.metadata, processor: "other" } }),
    }));
    const learning = await bench.open({ model: other });
    expect(await learning.recover()).toMatchObject({ kind: "recovered", retrained: 4, lost: [] });
    expect(learning.currentAdapter().version).toBe(8);
    expect(statusesOf(learning)).toEqual(["learned", "learned", "learned", "learned"]);
    expect(await learning.undo({})).toMatchObject({ kind: "undone", retrained: 0 });
    expect(learning.currentAdapter().version).toBe(7);
    await learning.close();
    const again = await bench.open();
    expect(again.notices).toEqual([]);
    expect(again.currentAdapter().version).toBe(7);
    await again.close();
  });

  it("reports a damaged record, keeps the others, and learns its correction when asked", async () => {
    await taught();
    const path = join(bench.home.journal, "000001.jsonl");
    const lines = readFileSync(path, "utf8").split("\n");
    const index = lines.findIndex(
      (line) => line.includes('"trained"') && line.includes('"correctionId":"c2"'),
    );
    lines[index] = `${lines[index]?.slice(0, -1)}!`;
    writeFileSync(path, lines.join("\n"));
    const learning = await bench.open();
    expect(learning.notices.map((notice) => notice.kind)).toEqual(["journal", "pending"]);
    expect(statusesOf(learning)).toEqual(["learned", "pending", "learned", "learned"]);
    expect(learning.currentAdapter().version).toBe(4);
    expect(await learning.recover()).toMatchObject({ trained: [{ correctionId: "c2", outcome: "learned" }] });
    await learning.close();
  });

  it("ignores and removes files that a crash left before the journal knew of them", async () => {
    await taught();
    writeFileSync(join(folder, "000005.safetensors"), "half");
    writeFileSync(join(folder, "staged-1.safetensors.tmp"), "half");
    const learning = await bench.open();
    expect(learning.notices).toEqual([]);
    expect(learning.currentAdapter().version).toBe(4);
    expect(readdirSync(folder).some((name) => name.startsWith("000005") || name.endsWith(".tmp"))).toBe(
      false,
    );
    await learning.close();
  });

  it("keeps the correction when the adapter cannot be saved, and learns it later", async () => {
    const broken = withTrainer(model, (trainer) => ({
      ...trainer,
      saveAdapter: () => Promise.reject(new Error("disk full")),
    }));
    const learning = await bench.open({ model: broken });
    await expect(learning.correct(lessonFor(...LESSONS[0]))).rejects.toMatchObject({
      code: "adapter-write",
      message: expect.stringContaining("disk full"),
    });
    expect(learning.currentAdapter()).toEqual({ version: 0 });
    expect(statusesOf(learning)).toEqual(["pending"]);
    await learning.close();
    const again = await bench.open();
    expect(await again.recover()).toMatchObject({ trained: [{ outcome: "learned" }] });
    await again.close();
  });

  it("lets others look while one learns", async () => {
    const learning = await bench.open();
    await teachAll(learning);
    await expect(bench.open()).rejects.toMatchObject({ code: "journal-busy" });
    const view = await viewLearning(bench.options);
    expect(view.currentAdapter().version).toBe(4);
    expect(view.learned()).toEqual(learning.learned());
    await learning.close();
  });
});

function withoutEnd({ end: _end, ...open }: Lesson): Lesson {
  return open;
}

const TRAINER = {
  parameters: { kind: "whole" },
  seed: 0,
  optimizer: { beta1: 0, beta2: 0, epsilon: 0, weightDecay: 0, clip: 0, groups: "uniform" },
} as const;

function withTrainer(base: Model, change: (trainer: Trainer) => Trainer): Model {
  return { ...base, createTrainer: (options) => change(base.createTrainer(options)) };
}
