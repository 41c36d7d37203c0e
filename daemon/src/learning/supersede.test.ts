import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { complete, createBench, type LearningBench, lessonFor } from "../../test/learningBench.js";
import type { SoleLearning } from "../../test/soleLearning.js";
import type { Model } from "../engine/engine.js";
import { adapterFolder, tensorsPath } from "../store/adapters.js";
import { viewLearning } from "./open.js";

let bench: LearningBench;
let model: Model;
let folder: string;
beforeEach(async () => {
  bench = await createBench();
  model = bench.options.model;
  folder = adapterFolder(bench.home, { checkpoint: model.info.hash, project: bench.options.project.id });
});
afterEach(() => bench.remove());

async function teach(learning: SoleLearning, prompt: string, wanted: string) {
  const outcome = await learning.correct(lessonFor(prompt, wanted));
  if (outcome.kind !== "learned") throw new Error(outcome.kind);
  return outcome;
}

const statusesOf = (learning: SoleLearning) => learning.learned().map((each) => each.status);
const writes = (learning: SoleLearning, prompt: string) =>
  complete(model, prompt, learning.currentAdapter().adapter);
const bitsOf = (learning: SoleLearning) =>
  readFileSync(tensorsPath(folder, learning.currentAdapter().version), "utf8");

describe("a correction of a place that was corrected before", () => {
  it("thirty times over weighs no more than once, replays none of the others, and leaves the rest as it was", async () => {
    const others = Array.from({ length: 11 }, (_, at) => [`key${at} = `, `value${at};`] as const);
    const learning = await bench.open();
    for (const lesson of others) await teach(learning, ...lesson);
    const contradicting = Array.from({ length: 30 }, (_, at) => `.toA${at}(${at});`);
    const replayed = new Set<string>();
    for (const wanted of contradicting) {
      const { trained } = await teach(learning, "expect(a)", wanted);
      for (const id of trained.replayed) replayed.add(id);
    }
    expect(await writes(learning, "expect(a)")).toBe(contradicting.at(-1));
    for (const [prompt, wanted] of others) expect(await writes(learning, prompt)).toBe(wanted);
    expect([...replayed].filter((id) => Number(id.slice(1)) > others.length)).toEqual([]);
    expect(statusesOf(learning)).toEqual([
      ...others.map(() => "learned"),
      ...contradicting.slice(1).map(() => "superseded"),
      "learned",
    ]);
    expect(learning.learnedCount()).toBe(12);
    expect(learning.taughtTexts()).toEqual([...others.map(([, wanted]) => wanted), contradicting.at(-1)]);

    const never = await createBench();
    const other = await never.open();
    for (const lesson of others) await teach(other, ...lesson);
    await teach(other, "expect(a)", contradicting.at(-1) ?? "");
    const { version } = other.currentAdapter();
    const otherFolder = adapterFolder(never.home, {
      checkpoint: model.info.hash,
      project: bench.options.project.id,
    });
    expect(bitsOf(learning)).toBe(readFileSync(tensorsPath(otherFolder, version), "utf8"));
    await other.close();
    never.remove();
    await learning.close();
  });

  it("gives way again when it is undone, from the file that is kept, down to the first", async () => {
    const learning = await bench.open();
    await teach(learning, "const log = ", "createLogger();");
    const bits: string[] = [];
    for (const wanted of ["one();", "two();", "three();"]) {
      await teach(learning, "open(", wanted);
      bits.push(bitsOf(learning));
    }
    const trainings: string[] = [];
    const onProgress = ({ correctionId }: { readonly correctionId: string }) => trainings.push(correctionId);
    expect(await learning.undo({}, { onProgress })).toMatchObject({ correctionId: "c4", restored: ["c3"] });
    expect(trainings).toEqual([]);
    expect(bitsOf(learning)).toBe(bits[1]);
    expect(statusesOf(learning)).toEqual(["learned", "superseded", "learned", "undone"]);
    expect(await learning.undo({})).toMatchObject({ correctionId: "c3", retrained: 0, restored: ["c2"] });
    expect(bitsOf(learning)).toBe(bits[0]);
    expect(await writes(learning, "open(")).toBe("one();");
    await learning.close();
    const again = await bench.open();
    expect(again.notices).toEqual([]);
    expect(statusesOf(again)).toEqual(["learned", "learned", "undone", "undone"]);
    await again.close();
  });

  it("is made again from the journal alone, to the same bits", async () => {
    const learning = await bench.open();
    await teach(learning, "const log = ", "createLogger();");
    await teach(learning, "open(", "one();");
    await teach(learning, "open(", "two();");
    const bits = bitsOf(learning);
    await learning.close();
    rmSync(bench.home.adapters, { recursive: true });
    const again = await bench.open();
    expect(await again.recover()).toMatchObject({ retrained: 0, lost: [] });
    expect(bitsOf(again)).toBe(bits);
    await again.close();
  });

  it("has the place of the earlier one also where a crash came before the second record", async () => {
    const learning = await bench.open();
    await teach(learning, "const log = ", "createLogger();");
    await teach(learning, "open(", "one();");
    await teach(learning, "open(", "two();");
    const bits = bitsOf(learning);
    await learning.close();
    const path = join(bench.home.journal, "000001.jsonl");
    const lines = readFileSync(path, "utf8").trimEnd().split("\n");
    expect(lines.at(-1)).toContain('"restored"');
    writeFileSync(path, `${lines.slice(0, -1).join("\n")}\n`);
    rmSync(bench.home.adapters, { recursive: true });
    const again = await bench.open();
    expect(await again.recover()).toMatchObject({ retrained: 0, lost: [] });
    expect(bitsOf(again)).toBe(bits);
    expect(statusesOf(again)).toEqual(["learned", "superseded", "learned"]);
    await again.close();
  });

  it("is trained on top of one behind which others were taught, and undone to the same bits", async () => {
    const learning = await bench.open();
    await teach(learning, "open(", "one();");
    await teach(learning, "const log = ", "createLogger();");
    const bits = bitsOf(learning);
    expect((await teach(learning, "open(", "two();")).trained).toMatchObject({
      adapterFrom: 2,
      replayed: ["c2"],
    });
    expect(statusesOf(learning)).toEqual(["superseded", "learned", "learned"]);
    expect(await learning.undo({})).toMatchObject({ retrained: 0, restored: [] });
    expect(bitsOf(learning)).toBe(bits);
    expect(statusesOf(learning)).toEqual(["learned", "learned", "undone"]);
    await learning.close();
  });

  it("is trained in the stead of one that still waits, which then waits no more", async () => {
    const learning = await bench.open();
    const early = await learning.keep(lessonFor("open(", "one();"));
    const late = await learning.keep(lessonFor("open(", "two();"));
    expect(learning.replacedBy(late)).toBe(early);
    expect(learning.pendingCount()).toBe(1);
    expect((await learning.recover()).trained.map(({ correctionId }) => correctionId)).toEqual([late]);
    expect(statusesOf(learning)).toEqual(["superseded", "learned"]);
    await learning.undo({});
    expect(statusesOf(learning)).toEqual(["pending", "undone"]);
    await learning.close();
  });

  it("leaves the earlier one in place where it could not be learned", async () => {
    const learning = await bench.open();
    await teach(learning, "open(", "one();");
    await learning.close();
    const { settings } = bench.options;
    const feeble = await bench.open({
      settings: { ...settings, stepsMax: { teach: 1, edit: 1, org: 1 }, wholeLearningRate: 1e-9 },
    });
    const bits = bitsOf(feeble);
    expect((await feeble.correct(lessonFor("open(", "two();"))).kind).toBe("limit");
    expect(statusesOf(feeble)).toEqual(["learned", "not-learned"]);
    expect(bitsOf(feeble)).toBe(bits);
    await feeble.close();
    expect((await viewLearning(bench.options)).notices).toEqual([]);
  });

  it("says the same once more without a step, and an undo of either leaves it known", async () => {
    const learning = await bench.open();
    await teach(learning, "open(", "one();");
    const { trained } = await teach(learning, "open(", "one();");
    expect(trained).toMatchObject({ steps: 0, adapterFrom: 1, adapterTo: 1 });
    expect(statusesOf(learning)).toEqual(["superseded", "learned"]);
    expect(learning.taughtTexts()).toEqual(["one();"]);
    await learning.undo({ correctionId: "c1" });
    expect(await writes(learning, "open(")).toBe("one();");
    await learning.close();
  });

  it("is another place where another word was begun", async () => {
    const learning = await bench.open();
    const begun = (healedPrefix: string, wanted: string) => ({
      ...lessonFor("x = ", wanted),
      shown: { as: "completion", prefix: `x = ${healedPrefix}`, suffix: "", healedPrefix } as const,
    });
    await learning.keep(begun("ge", "getOne();"));
    const second = await learning.keep(begun("se", "setTwo();"));
    expect(learning.replacedBy(second)).toBeUndefined();
    expect(statusesOf(learning)).toEqual(["pending", "pending"]);
    await learning.close();
  });

  it("keeps no more files than undoing needs", async () => {
    const learning = await bench.open();
    for (const wanted of ["one();", "two();", "three();", "four();"]) await teach(learning, "open(", wanted);
    expect(readdirSync(folder).filter((name) => name.endsWith(".safetensors"))).toEqual([
      "000003.safetensors",
      "000004.safetensors",
    ]);
    await learning.close();
  });
});
