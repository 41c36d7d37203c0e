/** What a Trainer hands out and takes back: adapters, checkpoints, its own state. */

import { truncateSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readTensors, writeSafetensors } from "../../lib/files.js";
import type { Adapter, Model, TrainedParameters, Trainer } from "../../lib/types.js";
import {
  ADAMW,
  bytesOf,
  maxDifference,
  numbersOf,
  openEngine,
  scoreOf,
  sequenceOf,
  stateAfter,
} from "../engineFixture.js";
import { expectEngineErrorAsync } from "../expectEngineError.js";
import { scratchFolder } from "../scratchFolder.js";
import { randomTokens, SMALL, TINY, writeModel } from "../smallModel.js";

const folder = scratchFolder();
const engine = openEngine();
const model = await engine.loadModel({ path: writeModel({ folder: folder.path, shape: TINY, seed: 51 }) });
const tokens = randomTokens(60, 52);
const SEQUENCES = [sequenceOf(randomTokens(30, 53)), sequenceOf(randomTokens(12, 54))];

/** An alpha that six decimals do not hold. */
const LORA: TrainedParameters = { kind: "lora", rank: 3, alpha: 4 / 3, targets: ["att.value", "ffn.key"] };
const WHOLE: TrainedParameters = {
  kind: "whole",
  names: ["blocks.0.att.key.weight", "blocks.1.att.w0", "emb.weight"],
};
const KINDS = [
  ["a LoRA", LORA],
  ["whole tensors", WHOLE],
] as const;

function createTrainer(
  trained: TrainedParameters,
  options: { from?: Adapter; of?: Model; seed?: number } = {},
) {
  const { of = model, seed = 1, from } = options;
  return of.createTrainer({ parameters: trained, seed, optimizer: ADAMW, ...(from && { from }) });
}

async function train(trainer: Trainer, steps = 3): Promise<number[]> {
  const losses: number[] = [];
  for (let step = 0; step < steps; step += 1) {
    const result = await trainer.step({ sequences: SEQUENCES, learningRate: 3e-3 });
    losses.push(result.kind === "finished" ? result.loss : Number.NaN);
  }
  return losses;
}

const numbers = async (adapter?: Adapter) =>
  numbersOf(await scoreOf(model, { tokens, ...(adapter && { adapter }) }));

describe.each(KINDS)("an adapter of %s", (name, trained) => {
  const path = `${folder.path}/${name.replace(" ", "-")}.safetensors`;

  test("is, once saved and loaded, what was published, bit for bit", async () => {
    const trainer = createTrainer(trained);
    await train(trainer);
    const published = await trainer.publish();
    await trainer.saveAdapter({ adapter: published, path, metadata: { "project id": "ß" } });
    const loaded = await model.loadAdapter({ path });
    expect(await numbers(loaded)).toEqual(await numbers(published));
    expect(await numbers(loaded)).not.toEqual(await numbers());
    const [a, b] = [
      await stateAfter(model, { tokens, adapter: loaded }),
      await stateAfter(model, { tokens, adapter: published }),
    ];
    expect(bytesOf(model, a).equals(bytesOf(model, b))).toBe(true);
    expect(readTensors(path).metadata["project id"]).toBe("ß");
  });

  test("stays as published while the Trainer goes on", async () => {
    const trainer = createTrainer(trained);
    await train(trainer, 1);
    const published = await trainer.publish();
    const before = await numbers(published);
    await train(trainer, 2);
    expect(await numbers(published)).toEqual(before);
    expect(await numbers(await trainer.publish())).not.toEqual(before);
  });

  test("is where a later Trainer continues", async () => {
    const first = createTrainer(trained);
    await train(first);
    const adapter = await first.publish();
    const second = createTrainer(trained, { from: adapter, seed: 2 });
    expect(await numbers(await second.publish())).toEqual(await numbers(adapter));
    const [loss = 0] = await train(second, 1);
    const [fresh = 0] = await train(createTrainer(trained), 1);
    expect(loss).toBeLessThan(fresh);
  });

  test("is refused by a model of another shape, whatever asks for it", async () => {
    const trainer = createTrainer(trained);
    const adapter = await trainer.publish();
    await trainer.saveAdapter({ adapter, path, metadata: {} });
    const other = await engine.loadModel({
      path: writeModel({ folder: folder.path, shape: SMALL, seed: 55 }),
    });
    const state = other.zeroState();
    for (const call of [
      () => other.loadAdapter({ path }),
      () => other.read({ state, tokens, adapter }),
      () => other.score({ state, tokens, adapter }),
      () => other.reference({ state, tokens, adapter }),
      async () => createTrainer(trained, { of: other, from: adapter }),
    ]) {
      await expectEngineErrorAsync(call, "adapter");
    }
    expect(await scoreOf(other, { tokens })).toBeDefined();
  });
});

test("matrices of an adapter are bf16, LoRA factors and vectors float32", async () => {
  const path = `${folder.path}/precision.safetensors`;
  for (const [, trained] of KINDS) {
    const trainer = createTrainer(trained);
    await trainer.saveAdapter({ adapter: await trainer.publish(), path, metadata: {} });
    for (const { name, dtype } of readTensors(path).tensors) {
      expect(dtype, name).toBe(/(key|emb)\.weight$/.test(name) ? "BF16" : "F32");
    }
  }
});

test.each<[string, TrainedParameters]>([
  ["of another rank", { ...LORA, rank: 4 } as TrainedParameters],
  ["of other targets", { ...LORA, targets: ["att.key", "ffn.key"] } as TrainedParameters],
  ["of fewer layers", { ...LORA, layers: [0] } as TrainedParameters],
  ["of whole tensors", WHOLE],
])("a Trainer refuses to continue from an adapter %s", async (_name, trained) => {
  const adapter = await createTrainer(trained).publish();
  await expectEngineErrorAsync(async () => createTrainer(LORA, { from: adapter }), "adapter");
});

describe("an adapter file is refused that", () => {
  const path = `${folder.path}/bad-adapter.safetensors`;
  const [a, b] = ["blocks.0.att.key.lora_A", "blocks.0.att.key.lora_B"];
  const tensor = (name: string, shape: number[], fill = 0.1) =>
    ({
      name,
      dtype: "F32",
      shape,
      values: new Float32Array(shape.reduce((x, y) => x * y, 1)).fill(fill),
    }) as const;
  const pair = [tensor(a, [3, 64]), tensor(b, [64, 3])];
  const alpha = { lora_alpha: "4" };

  test.each([
    ["holds no tensors", [], alpha, "adapter"],
    ["lacks one of two factors", [tensor(a, [3, 64])], alpha, "adapter"],
    [
      "mixes ranks",
      [...pair, tensor("blocks.1.att.key.lora_A", [2, 64]), tensor("blocks.1.att.key.lora_B", [64, 2])],
      alpha,
      "adapter",
    ],
    ["has a factor of no rank", [tensor(a, [0, 64]), tensor(b, [64, 0])], alpha, "adapter"],
    ["has factors of another width", [tensor(a, [3, 128]), tensor(b, [128, 3])], alpha, "adapter"],
    [
      "names a layer too many",
      [tensor("blocks.2.att.key.lora_A", [3, 64]), tensor("blocks.2.att.key.lora_B", [64, 3])],
      alpha,
      "adapter",
    ],
    ["names no matrix of the model", [tensor("blocks.0.att.gate.lora_A", [3, 64])], alpha, "adapter"],
    ["has a matrix lying on its side", [tensor("blocks.0.ffn.key.weight", [64, 96])], {}, "adapter"],
    ["does not say its alpha", pair, {}, "adapter"],
    ["says a word for its alpha", pair, { lora_alpha: "four" }, "adapter"],
    ["says an endless alpha", pair, { lora_alpha: "inf" }, "adapter"],
    ["holds NaN", [tensor(a, [3, 64], Number.NaN), tensor(b, [64, 3])], alpha, "numbers"],
  ] as const)("%s", async (_name, tensors, metadata, code) => {
    writeSafetensors({ path, tensors, metadata });
    await expectEngineErrorAsync(() => model.loadAdapter({ path }), code);
  });

  test.each([
    ["is missing", undefined, "file"],
    ["is no tensor file", "no tensors in here, only words", "format"],
  ] as const)("%s", async (_name, content, code) => {
    const file = `${folder.path}/absent-${code}.safetensors`;
    if (content !== undefined) writeFileSync(file, content);
    await expectEngineErrorAsync(() => model.loadAdapter({ path: file }), code, file);
  });
});

describe("a whole model", () => {
  test("saved in f32 scores as the Trainer does, within rounding, and goes on training with the same bits", async () => {
    const path = `${folder.path}/trained.safetensors`;
    const trainer = createTrainer({ kind: "whole" });
    await train(trainer);
    await trainer.saveCheckpoint({ path, precision: "f32" });
    const loaded = await engine.loadModel({ path });
    expect(loaded.info).toEqual({ ...model.info, hash: readTensors(path).hash });
    const state = loaded.zeroState();
    const [a, b] = [
      await loaded.score({ state, tokens }),
      await trainer.score({ state: model.zeroState(), tokens }),
    ];
    if (a.kind === "cancelled" || b.kind === "cancelled") throw new Error("nobody cancelled");
    expect(maxDifference(a.logProbabilities, b.logProbabilities)).toBeLessThan(1e-4);
    const untrained = await model.score({ state: model.zeroState(), tokens });
    if (untrained.kind === "cancelled") throw new Error("nobody cancelled");
    expect(maxDifference(a.logProbabilities, untrained.logProbabilities)).toBeGreaterThan(1e-2);
    const again = loaded.createTrainer({ parameters: { kind: "whole" }, optimizer: ADAMW, seed: 1 });
    expect(await again.score({ state, tokens })).toEqual(b);
  });

  test("saved in bf16 scores as its whole-tensor adapter of matrices does", async () => {
    const path = `${folder.path}/rounded.safetensors`;
    const trainer = createTrainer({ kind: "whole" });
    await train(trainer);
    await trainer.saveCheckpoint({ path, precision: "bf16" });
    expect(readTensors(path).tensors.every(({ dtype }) => dtype === "BF16")).toBe(true);
    const loaded = await engine.loadModel({ path });
    expect((await loaded.score({ state: loaded.zeroState(), tokens })).kind).toBe("finished");
  });

  test("cannot be saved from a LoRA", async () => {
    const saving = () => createTrainer(LORA).saveCheckpoint({ path: `${folder.path}/no`, precision: "f32" });
    await expectEngineErrorAsync(saving, "argument");
  });
});

describe.each(KINDS)("a training of %s", (name, trained) => {
  const path = `${folder.path}/training-${name.replace(" ", "-")}.safetensors`;

  test("goes on from its saved state with the same losses as without the break", async () => {
    const whole = createTrainer(trained);
    const uninterrupted = await train(whole, 6);
    const first = createTrainer(trained);
    await train(first, 3);
    await first.save({ path });
    const second = createTrainer(trained, { seed: 9 });
    await second.restore({ path });
    expect(second.steps).toBe(3);
    expect(await train(second, 3)).toEqual(uninterrupted.slice(3));
    expect(second.steps).toBe(6);
    expect(await numbers(await second.publish())).toEqual(await numbers(await whole.publish()));
  });

  test("is not disturbed by a state that cannot be restored", async () => {
    const trainer = createTrainer(trained);
    await train(trainer, 1);
    await trainer.save({ path });
    const before = await numbers(await trainer.publish());
    const { tensors, metadata } = readTensors(path);
    const written = tensors.map(({ name: tensorName, shape, values }) => ({
      name: tensorName,
      dtype: "F32" as const,
      shape,
      values: values as Float32Array,
    }));
    const bad = `${folder.path}/bad-training.safetensors`;
    const refusals: [() => void, "adapter" | "numbers" | "format" | "file", string?][] = [
      [() => writeSafetensors({ path: bad, tensors: written }), "adapter"],
      [
        () => writeSafetensors({ path: bad, tensors: written, metadata: { ...metadata, steps: "three" } }),
        "adapter",
      ],
      [
        () => writeSafetensors({ path: bad, tensors: written, metadata: { ...metadata, steps: "-1" } }),
        "adapter",
      ],
      [() => writeSafetensors({ path: bad, tensors: written.slice(1), metadata }), "adapter"],
      [
        () =>
          writeSafetensors({
            path: bad,
            tensors: written.map((t, i) => (i === 1 ? { ...t, values: t.values.map(() => Number.NaN) } : t)),
            metadata,
          }),
        "numbers",
      ],
      [() => truncateSync(bad, 1000), "format"],
    ];
    for (const [write, code] of refusals) {
      write();
      await expectEngineErrorAsync(() => trainer.restore({ path: bad }), code, bad);
    }
    await expectEngineErrorAsync(() => trainer.restore({ path: `${folder.path}/none` }), "file");
    expect(trainer.steps).toBe(1);
    expect(await numbers(await trainer.publish())).toEqual(before);
  });

  test("refuses the state of a training of other parameters", async () => {
    const [, other] = KINDS.find(([otherName]) => otherName !== name) ?? KINDS[0];
    await createTrainer(other).save({ path });
    await expectEngineErrorAsync(() => createTrainer(trained).restore({ path }), "adapter");
  });
});

test("a LoRA's training state is refused under another alpha, which would change its meaning", async () => {
  const path = `${folder.path}/alpha.safetensors`;
  const trainer = createTrainer(LORA);
  await train(trainer, 1);
  await trainer.save({ path });
  const other = createTrainer({ ...LORA, alpha: 8 } as TrainedParameters);
  await expectEngineErrorAsync(() => other.restore({ path }), "adapter", "alpha");
});

test.each(["save", "saveCheckpoint", "saveAdapter"] as const)(
  "%s into a folder that is not there fails as a file does",
  async (call) => {
    const trainer = createTrainer(WHOLE);
    const path = `${folder.path}/absent/file.safetensors`;
    const adapter = await trainer.publish();
    const saving = () => {
      if (call === "save") return trainer.save({ path });
      if (call === "saveCheckpoint") return trainer.saveCheckpoint({ path, precision: "f32" });
      return trainer.saveAdapter({ adapter, path, metadata: {} });
    };
    await expectEngineErrorAsync(saving, "file", path);
  },
);
