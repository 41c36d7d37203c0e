/** Group d, LoRA: gradients of A and B, merged weights, logits with the adapter on and with it merged, AdamW. */

import type { Inspect, LoraTensors, NamedTensors } from "@ouroboros/native/inspect";
import { optimizerOf } from "./adamw.js";
import type { GoldenFile } from "./goldenFile.js";
import { type GoldenModel, type ModelGroup, namedTensors, sequencesOf, tokensOf } from "./goldenModel.js";
import { CURVE_TOLERANCE, type Tally, TENSOR_TOLERANCE } from "./tally.js";
import { checkGradients, checkLoss } from "./training.js";

const FACTOR = /\.lora_[AB]$/;

export const loraGroup: ModelGroup = {
  isPresent: async (model) =>
    (await model.golden("adapters"))?.names.some((name) => name.startsWith("lora.")) ?? false,
  async check(model, tally) {
    const file = await model.golden("adapters");
    const card = model.card.adapters?.lora;
    if (!file || !card) throw new Error(`${model.name}.json does not give LoRA's alpha`);
    const factors = [...file.under("lora.blocks.")].filter(([name]) => FACTOR.test(name));
    const lora: LoraTensors = {
      alpha: card.alpha,
      tensors: namedTensors(new Map(factors.map(([name, tensor]) => [`blocks.${name}`, tensor]))),
    };
    const inspect = model.open("fp32");
    const train = await model.golden("train");
    if (train) checkTraining(model, { inspect, file, train, lora, tally });
    checkMerged(model, { inspect, file, lora, tally });
  },
};

interface LoraCheck {
  readonly inspect: Inspect;
  readonly file: GoldenFile;
  readonly lora: LoraTensors;
  readonly tally: Tally;
}

/** On the sequence of group c. */
function checkTraining(model: GoldenModel, options: LoraCheck & { readonly train: GoldenFile }) {
  const { inspect, file, lora, tally } = options;
  const card = model.card.adapters?.lora;
  const sequences = sequencesOf(options.train, "ce.");
  const actual = inspect.gradients({ sequences, lora });
  checkLoss(tally, { name: "lora loss", actual: actual.loss, expected: card?.loss });
  checkGradients(tally, { file, prefix: "lora.grad.", actual });
  if (!card?.adamw) return;
  const expected = card.adamw.losses_before_step_1_to_5_and_after_5;
  const optimizer = { ...optimizerOf(card.adamw), clip: 0, groups: "uniform" } as const;
  const steps = expected.length - 1;
  const { losses } = inspect.trainCurve({ sequences, steps, learningRate: card.adamw.lr, optimizer, lora });
  expected.forEach((loss, step) => {
    tally.number({
      name: `lora AdamW loss ${step}`,
      actual: losses[step],
      expected: loss,
      tolerance: CURVE_TOLERANCE,
    });
  });
}

function checkMerged(model: GoldenModel, { inspect, file, lora, tally }: LoraCheck) {
  const merged = mergeLora(model, lora);
  for (const [name, expected] of file.under("lora.merged."))
    tally.tensor({
      name: `lora.merged.${name}`,
      actual: merged[name]?.data,
      expected: expected.data,
      tolerance: TENSOR_TOLERANCE,
    });
  const expected = file.find("lora.merged_logits");
  if (!expected) return;
  const tokens = tokensOf(file.get("eval.tokens"));
  const compare = (how: string, actual: Float32Array) =>
    tally.tensor({
      name: `lora.merged_logits (${how})`,
      actual,
      expected: expected.data,
      tolerance: TENSOR_TOLERANCE,
    });
  compare("adapter on, sequence", inspect.logits({ tokens, mode: "sequence", lora }).logits);
  compare("adapter on, step", inspect.logits({ tokens, mode: "step", lora }).logits);
  compare("adapter on, served", inspect.logits({ tokens, mode: "sequence", lora, weights: "f32" }).logits);
  const mergedModel = model.subject.inspector.openInspect({ path: model.basePath(), overrides: merged });
  compare("merged", mergedModel.logits({ tokens, mode: "sequence" }).logits);
}

/** W + (alpha / r) B A for every matrix that has both factors, by the names of the checkpoint. */
function mergeLora(model: GoldenModel, { alpha, tensors }: LoraTensors): NamedTensors {
  const base = model.subject.readTensors(model.basePath());
  const merged: Record<string, { shape: readonly number[]; data: Float32Array }> = {};
  for (const [name, down] of Object.entries(tensors)) {
    if (!name.endsWith(".lora_A")) continue;
    const matrix = name.replace(FACTOR, "");
    const [up, weight] = [tensors[`${matrix}.lora_B`], base.get(`${matrix}.weight`)];
    const [rank = 0, inputs = 0] = down.shape;
    if (!up || !weight) throw new Error(`${matrix} lacks lora_B or a weight`);
    const data = Float32Array.from(weight.data, (value, i) => {
      const [row, column] = [Math.floor(i / inputs), i % inputs];
      let sum = 0;
      for (let k = 0; k < rank; k++)
        sum += (up.data[row * rank + k] ?? Number.NaN) * (down.data[k * inputs + column] ?? Number.NaN);
      return value + (alpha / rank) * sum;
    });
    merged[`${matrix}.weight`] = { shape: weight.shape, data };
  }
  return merged;
}
