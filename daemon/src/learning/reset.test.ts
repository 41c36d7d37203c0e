import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { complete, createBench, type LearningBench, lessonFor } from "../../test/learningBench.js";
import type { SoleLearning } from "../../test/soleLearning.js";
import type { Model } from "../engine/engine.js";
import { adapterFolder, tensorsPath } from "../store/adapters.js";

const LESSONS = [
  ["const log = ", "createLogger();"],
  ["throw new ", "ShopError(code);"],
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

async function taught(): Promise<SoleLearning> {
  const learning = await bench.open();
  for (const [prompt, wanted] of LESSONS) await learning.correct(lessonFor(prompt, wanted));
  return learning;
}

const statusesOf = (learning: SoleLearning) => learning.learned().map((each) => each.status);
const bitsOf = (learning: SoleLearning) =>
  readFileSync(tensorsPath(folder, learning.currentAdapter().version), "utf8");
const logitsOf = async (learning: SoleLearning | undefined) => {
  const adapter = learning?.currentAdapter().adapter;
  const tokens = bench.options.tokenizer.encode("const log = createLogger();");
  const reading = { state: model.zeroState(), tokens, ...(adapter && { adapter }) };
  const score = await model.score(reading);
  return JSON.stringify(score, (_key, value: unknown) =>
    value instanceof Float32Array || value instanceof Float64Array ? [...value] : value,
  );
};

describe("reset", () => {
  it("leaves the base bit for bit, and taken back what was before, at once and bit for bit", async () => {
    const learning = await taught();
    const before = { logits: await logitsOf(learning), bits: bitsOf(learning), version: 3 };
    expect(before.logits).not.toBe(await logitsOf(undefined));
    const taken = await learning.reset();
    expect(taken.map(({ correction }) => correction.id)).toEqual(["c1", "c2", "c3"]);
    expect(learning.currentAdapter()).toEqual({ version: 0 });
    expect(await logitsOf(learning)).toBe(await logitsOf(undefined));
    expect(statusesOf(learning)).toEqual(["undone", "undone", "undone"]);
    expect(learning.taughtTexts()).toEqual([]);
    await learning.close();

    const again = await bench.open();
    expect(again.notices).toEqual([]);
    expect(again.currentAdapter()).toEqual({ version: 0 });
    expect((await again.undoReset()).map(({ status }) => status)).toEqual(["learned", "learned", "learned"]);
    expect(again.currentAdapter().version).toBe(before.version);
    expect(await logitsOf(again)).toBe(before.logits);
    expect(bitsOf(again)).toBe(before.bits);
    await expect(again.undoReset()).rejects.toMatchObject({ code: "nothing-to-undo" });
    await again.close();
  });

  it("takes back what is still pending, which then is never trained, and gives it back", async () => {
    const learning = await bench.open();
    await learning.keep(lessonFor(...LESSONS[0]));
    expect((await learning.reset()).map(({ status }) => status)).toEqual(["pending"]);
    expect((await learning.recover()).trained).toEqual([]);
    expect(statusesOf(learning)).toEqual(["undone"]);
    await learning.undoReset();
    expect(statusesOf(learning)).toEqual(["pending"]);
    expect((await learning.recover()).trained).toMatchObject([{ correctionId: "c1", outcome: "learned" }]);
    await learning.close();
  });

  it("is covered by what is taught after it, and can be taken back once that is", async () => {
    const learning = await taught();
    const bits = bitsOf(learning);
    await learning.reset();
    await expect(learning.undo({})).rejects.toMatchObject({
      code: "nothing-to-undo",
      message: expect.stringContaining("ouro reset --undo"),
    });
    const { correctionId } = await learning.correct(lessonFor("last = ", "one;"));
    await expect(learning.undoReset()).rejects.toMatchObject({ code: "taught-since" });
    // What the reset took back is gone from the disk by now, and made again from the journal.
    expect(readdirSync(folder).filter((name) => name.endsWith(".safetensors"))).toEqual([
      "000004.safetensors",
    ]);
    expect((await learning.reset()).map(({ correction }) => correction.id)).toEqual([correctionId]);
    await learning.undoReset();
    await learning.undo({});
    await learning.undoReset();
    expect(bitsOf(learning)).toBe(bits);
    expect(statusesOf(learning)).toEqual(["learned", "learned", "learned", "undone"]);
    await learning.close();
  });

  it("has been given back also where it was stopped while files were made again", async () => {
    const learning = await taught();
    const bits = bitsOf(learning);
    await learning.reset();
    await learning.correct(lessonFor("last = ", "one;"));
    await learning.undo({});
    await learning.undoReset({ signal: AbortSignal.abort() });
    expect(learning.currentAdapter().version).toBe(0);
    expect(statusesOf(learning)).toEqual(["learned", "learned", "learned", "undone"]);
    await learning.recover();
    expect(bitsOf(learning)).toBe(bits);
    await learning.close();
  });

  it("refuses where there is nothing to take back, or no reset", async () => {
    const learning = await bench.open();
    await expect(learning.reset()).rejects.toMatchObject({ code: "nothing-to-undo" });
    await expect(learning.undoReset()).rejects.toMatchObject({ code: "nothing-to-undo" });
    await learning.correct(lessonFor(...LESSONS[0]));
    await learning.reset();
    await expect(learning.reset()).rejects.toMatchObject({ code: "nothing-to-undo" });
    expect(learning.resettable()).toEqual([]);
    await learning.close();
  });

  it("holds before or after, wherever the journal was cut by a kill", async () => {
    const learning = await taught();
    await learning.keep(lessonFor("last = ", "one;"));
    await learning.reset();
    await learning.undoReset();
    await learning.close();
    const path = join(bench.home.journal, "000001.jsonl");
    const whole = readFileSync(path);
    const start = (lines: number) =>
      whole.toString("latin1").split("\n").slice(0, lines).join("\n").length + 1;
    const lines = whole.toString("latin1").trimEnd().split("\n").length;
    const before = ["learned", "learned", "learned", "pending"];
    const after = ["undone", "undone", "undone", "undone"];
    const cuts: readonly (readonly [number, readonly string[]])[] = [
      [start(lines - 2), before],
      [start(lines - 2) + 40, before],
      [start(lines - 1) - 1, before],
      [start(lines - 1), after],
      [start(lines - 1) + 40, after],
      [start(lines), before],
    ];
    for (const [bytes, expected] of cuts) {
      writeFileSync(path, whole.subarray(0, bytes));
      const again = await bench.open();
      expect([bytes, statusesOf(again)]).toEqual([bytes, expected]);
      expect(again.currentAdapter().version).toBe(expected === before ? 3 : 0);
      await again.close();
    }
  });

  it("is not what it looks like where nothing could be learned again", async () => {
    const learning = await bench.open();
    await learning.correct(lessonFor(...LESSONS[0]));
    const pending = await learning.keep(lessonFor(...LESSONS[1]));
    await learning.close();
    rmSync(bench.home.adapters, { recursive: true });
    const { settings } = bench.options;
    // Every training again ends without success, as on a machine that computes wrongly.
    const broken: Model = {
      ...model,
      createTrainer: (options) => {
        const trainer = model.createTrainer(options);
        return { ...trainer, step: async () => ({ kind: "finished", applied: false }) as never };
      },
    };
    const again = await bench.open({ model: broken, settings });
    await again.learnNext();
    expect(again.learned().map(({ status }) => status)).toEqual(["not-learned", "not-learned"]);
    expect(again.find(pending)?.status).toBe("not-learned");
    await expect(again.undoReset()).rejects.toMatchObject({ code: "nothing-to-undo" });
    await again.close();
  });

  it("keeps lessons of files known, so that they are not taught again", async () => {
    const learning = await bench.open();
    await learning.correct(lessonFor("const f = ", "file();", { source: "org", id: "s1" }));
    await learning.reset();
    expect(learning.find("s1")?.status).toBe("undone");
    expect(await complete(model, "const f = ", learning.currentAdapter().adapter)).not.toBe("file();");
    await learning.close();
  });
});
