/** The golden files of one tiny model: weights in every format, and groups a to f. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  IGNORED_LABEL,
  type Inspect,
  type InspectSequence,
  type NamedTensors,
  type StateArrays,
} from "@ouroboros/native/inspect";
import {
  first,
  gradientTensors,
  integers,
  mapTensors,
  matrix,
  named,
  prefixed,
  rows,
  stateFile,
  stateTensors,
  views,
  withDType,
  wkvShape,
} from "./goldenLayout.js";
import { randomModel, type TinyShape } from "./randomModel.js";
import { item } from "./reference/arrays.js";
import { inspectTensors, referenceInspector } from "./reference/inspector.js";
import { writePth } from "./reference/pth.js";
import { createRandom, type Random } from "./reference/random.js";
import { type WrittenTensors, writeSafetensors } from "./reference/safetensors.js";
import { logSumExp } from "./reference/tape.js";
import { nearestBf16 } from "./reference/values.js";

const TRAINED_TOKENS = 16;
/** A short last chunk. */
const INFCTX_CHUNK = 6;
const LORA_RANK = 3;
const LORA_ALPHA = 5;
const STEPS = 3;
const HYPER = { lr: 1e-3, betas: [0.9, 0.99], eps: 1e-18, weight_decay: 0.01 } as const;
const OPTIMIZER = { beta1: 0.9, beta2: 0.99, epsilon: 1e-18, weightDecay: 0.01 } as const;
const TARGETS = ["att.receptance", "att.key", "att.value", "att.output", "ffn.key", "ffn.value"];

/** What every part of one model is made from. */
interface Draft {
  readonly file: (suffix: string) => string;
  readonly shape: TinyShape;
  readonly weights: NamedTensors;
  readonly rounded: NamedTensors;
  readonly inspect: Inspect;
  readonly random: Random;
  /** The sequence that groups c, d and e share. */
  readonly ce: InspectSequence;
}

export function writeGoldenModel(options: {
  folder: string;
  name: string;
  shape: TinyShape;
  seed: number;
}): void {
  const { folder, name, shape } = options;
  const random = createRandom(options.seed);
  const weights = randomModel(shape, random);
  const rounded = mapTensors(weights, (data) => data.map(nearestBf16));
  const ce = randomSequence({ shape, random, length: TRAINED_TOKENS, masked: 4 });
  const file = (suffix: string) => join(folder, `${name}.${suffix}`);
  const draft: Draft = { file, shape, weights, rounded, inspect: inspectTensors(weights), random, ce };

  const lora = randomLora(draft);
  const state = randomState(draft);
  const models = (suffix: string) => join(folder, "models", `${name}${suffix}`);
  writeWeights(models, draft);
  writePth({ path: models(".lora.pth"), tensors: views(lora, "F32"), container: "dict", protocol: 2 });
  writePth({
    path: models(".state.pth"),
    tensors: stateFile(draft.shape, state),
    container: "dict",
    protocol: 2,
  });
  const card = {
    model: name,
    config: { n_layer: shape.layers, n_embd: shape.width, vocab_size: shape.vocabulary },
    weights: { fp32: `models/${name}.safetensors` },
    forward: writeForward(draft),
    train: writeTraining(draft, state),
    infctx: writeInfctx(draft),
    adapters: { lora: writeLora(draft, lora) },
    adamw: writeAdamW(draft),
  };
  writeFileSync(join(folder, `${name}.json`), JSON.stringify(card, undefined, 1));
  writeDump(draft);
}

function writeWeights(path: (suffix: string) => string, { weights, rounded }: Draft): void {
  writeSafetensors(path(".safetensors"), weights, { format: "pt" });
  writeSafetensors(path(".bf16.safetensors"), withDType(rounded, "BF16"), { format: "pt" });
  writePth({ path: path(".pth"), tensors: views(weights, "F32"), container: "dict", protocol: 2 });
  writePth({ path: path(".bf16.pth"), tensors: views(rounded, "BF16"), container: "ordered", protocol: 4 });
}

function writeForward(draft: Draft): unknown {
  const tensors: Record<string, WrittenTensors[string]> = {};
  const card: Record<string, unknown> = {};
  const { layers, width } = draft.shape;
  const add = (name: string, options: { length: number; state?: StateArrays; isRounded?: boolean }) => {
    const inspect = options.isRounded ? inspectTensors(draft.rounded) : draft.inspect;
    const tokens = randomTokens(draft, options.length);
    const continued = randomTokens(draft, 8);
    const given = options.state && { state: options.state };
    const start = inspect.logits({ tokens, mode: "sequence", ...given });
    const next = inspect.logits({ tokens: continued, mode: "sequence", state: start.state });
    tensors[`${name}.tokens`] = integers(tokens);
    tensors[`${name}.logits`] = rows(start.logits, options.length);
    if (options.state) Object.assign(tensors, stateTensors(`${name}.init.`, options.state, draft.shape));
    Object.assign(tensors, stateTensors(`${name}.state.`, start.state, draft.shape));
    tensors[`${name}.cont_tokens`] = integers(continued);
    tensors[`${name}.cont_logits`] = rows(next.logits, continued.length);
    card[name] = { T: options.length, weights: options.isRounded ? "bf16 file" : "fp32 file" };
  };
  for (const length of [1, 2, 17, 23]) add(`len${length}`, { length });
  const shifts = () => Float32Array.from({ length: layers * width }, draft.random.normal);
  const state = { attShift: shifts(), ffnShift: shifts(), wkv: randomState(draft) };
  add("randstate9", { length: 9, state });
  add("bf16w11", { length: 11, isRounded: true });
  writeSafetensors(draft.file("forward.safetensors"), tensors);
  return card;
}

function writeDump(draft: Draft): void {
  const tokens = randomTokens(draft, 5);
  const dump = draft.inspect.dump({ tokens });
  const tensors = Object.entries(dump).map(([name, data]) => [name, rows(data, tokens.length)] as const);
  writeSafetensors(draft.file("dump.safetensors"), {
    tokens: integers(tokens),
    ...Object.fromEntries(tensors),
  });
}

function writeTraining(draft: Draft, wkv: Float32Array): unknown {
  const { inspect, ce, random, shape } = draft;
  const zeros = new Float32Array(shape.layers * shape.width);
  const state = { attShift: zeros, ffnShift: zeros, wkv };
  const batchLength = 11;
  const batch = [0, 3, 7].map((masked) => randomSequence({ shape, random, length: batchLength, masked }));

  const plain = inspect.gradients({ sequences: [ce] });
  const wrapped = inspect.gradients({ sequences: [ce], l2wrap: true });
  const started = inspect.gradients({ sequences: [{ ...ce, state }] });
  const batched = inspect.gradients({ sequences: batch });
  let squares = 0;
  for (const gradient of Object.values(plain.gradients)) for (const value of gradient) squares += value ** 2;
  writeSafetensors(draft.file("train.safetensors"), {
    "ce.tokens": integers(ce.tokens),
    "ce.labels": integers(ce.labels),
    ...gradientTensors("ce.grad.", plain.gradients, draft.weights),
    ...gradientTensors("l2wrap.grad.", wrapped.gradients, draft.weights),
    ...stateTensors("state.grad.", first(started.stateGradients), draft.shape),
    ...gradientTensors("state.grad.", started.gradients, draft.weights),
    "state.init.wkv": { shape: wkvShape(shape), data: wkv },
    "state_zero.grad.wkv": { shape: wkvShape(shape), data: first(plain.stateGradients).wkv },
    "batch.tokens": matrix(batch.map(({ tokens }) => tokens)),
    "batch.labels": matrix(batch.map(({ labels }) => labels)),
    ...gradientTensors("batch.grad.", batched.gradients, draft.weights),
  });
  return {
    ce: { loss: plain.loss, grad_global_norm: Math.sqrt(squares) },
    l2wrap: { loss: wrapped.loss },
    state: { loss: started.loss, adam_state_only: stateTuning(draft, state) },
    batch: { loss: batched.loss },
  };
}

/** Losses of AdamW steps on the initial wkv alone. */
function stateTuning({ inspect, ce }: Draft, initial: StateArrays): unknown {
  const lr = 0.01;
  const losses: number[] = [];
  let state = initial;
  let moments: { m: Float32Array; v: Float32Array } = {
    m: new Float32Array(initial.wkv.length),
    v: new Float32Array(initial.wkv.length),
  };
  for (let step = 1; step <= STEPS + 1; step++) {
    const { loss, stateGradients } = inspect.gradients({ sequences: [{ ...ce, state }] });
    losses.push(loss);
    const { parameter, m, v } = referenceInspector().adamw({
      ...OPTIMIZER,
      ...moments,
      weightDecay: 0,
      parameter: state.wkv,
      gradient: first(stateGradients).wkv,
      step,
      learningRate: lr,
    });
    state = { ...state, wkv: parameter };
    moments = { m, v };
  }
  return { ...HYPER, lr, weight_decay: 0, losses_before_step_1_to_5_and_after_5: losses };
}

function writeInfctx(draft: Draft): unknown {
  const { inspect, shape, random } = draft;
  const whole = randomSequence({ shape, random, length: TRAINED_TOKENS, masked: 0 });
  const masked = {
    ...whole,
    labels: whole.labels.map((label, t) => (t < 4 || t === 13 ? IGNORED_LABEL : label)),
  };
  const { logits, state } = inspect.logits({ tokens: whole.tokens, mode: "sequence" });
  const full = inspect.gradients({ sequences: [whole], detachEvery: INFCTX_CHUNK });
  const cut = inspect.gradients({ sequences: [masked], detachEvery: INFCTX_CHUNK });
  writeSafetensors(draft.file("infctx.safetensors"), {
    tokens: integers(whole.tokens),
    logits: rows(logits, TRAINED_TOKENS),
    labels: integers(whole.labels),
    ...stateTensors("final_state.", state, draft.shape),
    ...gradientTensors("detached.grad.", full.gradients, draft.weights),
    "masked.labels": integers(masked.labels),
    ...gradientTensors("masked.detached.grad.", cut.gradients, draft.weights),
  });
  const chunks = ({ labels }: InspectSequence) =>
    Array.from({ length: Math.ceil(TRAINED_TOKENS / INFCTX_CHUNK) }, (_, chunk) =>
      chunkSum(logits, labels, chunk),
    );
  const maskedChunks = chunks(masked);
  const mean = maskedChunks.reduce((sum, [total, count]) => sum + total / count, 0) / maskedChunks.length;
  return {
    full_labels: { loss: full.loss, per_chunk_sum_ce_and_count: chunks(whole) },
    masked: {
      loss_global_mean: cut.loss,
      loss_peft_chunk_mean: mean,
      per_chunk_sum_ce_and_count: maskedChunks,
    },
  };
}

/** Sum and number of one chunk's cross-entropies. */
function chunkSum(logits: Float32Array, labels: Int32Array, chunk: number): [sum: number, count: number] {
  const vocabulary = logits.length / labels.length;
  const crossEntropies = Array.from(
    labels.subarray(chunk * INFCTX_CHUNK, (chunk + 1) * INFCTX_CHUNK),
    (label, i) => {
      const start = (chunk * INFCTX_CHUNK + i) * vocabulary;
      const row = Float64Array.from(logits.subarray(start, start + vocabulary));
      return label === IGNORED_LABEL ? undefined : logSumExp(row) - item(row, label);
    },
  ).filter((value) => value !== undefined);
  return [crossEntropies.reduce((sum, value) => sum + value, 0), crossEntropies.length];
}

function writeLora(draft: Draft, tensors: NamedTensors): unknown {
  const { inspect, ce } = draft;
  const lora = { alpha: LORA_ALPHA, tensors };
  const { loss, gradients } = inspect.gradients({ sequences: [ce], lora });
  const tokens = randomTokens(draft, 9);
  const merged = mergeLora(draft, tensors);
  const mergedLogits = inspectTensors({ ...draft.weights, ...merged }).logits({
    tokens,
    mode: "sequence",
  }).logits;
  writeSafetensors(draft.file("adapters.safetensors"), {
    "eval.tokens": integers(tokens),
    ...prefixed("lora.", tensors),
    ...gradientTensors("lora.grad.", gradients, tensors),
    ...prefixed("lora.merged.", merged),
    "lora.merged_logits": rows(mergedLogits, tokens.length),
  });
  const curve = { sequences: [ce], steps: STEPS, learningRate: HYPER.lr, lora };
  const { losses } = inspect.trainCurve({
    ...curve,
    optimizer: { ...OPTIMIZER, clip: 0, groups: "uniform" },
  });
  const adamw = { ...HYPER, losses_before_step_1_to_5_and_after_5: losses };
  return { r: LORA_RANK, alpha: LORA_ALPHA, scaling: LORA_ALPHA / LORA_RANK, loss, adamw };
}

function mergeLora({ weights }: Draft, lora: NamedTensors): NamedTensors {
  const merged: Record<string, NamedTensors[string]> = {};
  for (const [name, down] of Object.entries(lora)) {
    if (!name.endsWith(".lora_A")) continue;
    const matrixName = name.replace(".lora_A", "");
    const [weight, up] = [named(weights, `${matrixName}.weight`), named(lora, `${matrixName}.lora_B`)];
    const data = weight.data.slice();
    const [outputs = 0, inputs = 0] = weight.shape;
    for (let o = 0; o < outputs; o++)
      for (let i = 0; i < inputs; i++) {
        let product = 0;
        for (let k = 0; k < LORA_RANK; k++)
          product += item(up.data, o * LORA_RANK + k) * item(down.data, k * inputs + i);
        data[o * inputs + i] = item(data, o * inputs + i) + (LORA_ALPHA / LORA_RANK) * product;
      }
    merged[`${matrixName}.weight`] = { shape: weight.shape, data };
  }
  return merged;
}

function writeAdamW(draft: Draft): unknown {
  const sequences = [draft.ce];
  const uniform = {
    sequences,
    learningRate: HYPER.lr,
    optimizer: { ...OPTIMIZER, clip: 0, groups: "uniform" },
  } as const;
  const official = {
    ...uniform,
    l2wrap: true,
    optimizer: { ...OPTIMIZER, clip: 1, groups: "official" },
  } as const;
  const step1 = draft.inspect.trainCurve({ ...uniform, steps: 1 });
  writeSafetensors(
    draft.file("adamw.safetensors"),
    gradientTensors("uniform.step1.", step1.parameters, draft.weights),
  );
  const card = (options: typeof uniform | typeof official) => {
    const { losses, gradientNorms } = draft.inspect.trainCurve({ ...options, steps: STEPS });
    return { ...HYPER, losses_before_step_1_to_5_and_after_5: losses, grad_norms_pre_clip: gradientNorms };
  };
  return {
    uniform: { ...card(uniform), grad_clip: null, l2wrap: false },
    official_groups: { ...card(official), grad_clip: 1, l2wrap: true },
  };
}

// Drawing inputs.

function randomTokens({ shape, random }: Draft, length: number): Uint32Array {
  return Uint32Array.from({ length }, () => random.below(shape.vocabulary));
}

/** The first labels and one later are masked, when any are. */
function randomSequence(options: {
  readonly shape: TinyShape;
  readonly random: Random;
  readonly length: number;
  readonly masked: number;
}): InspectSequence {
  const draw = () => options.random.below(options.shape.vocabulary);
  const isMasked = (t: number) => t < options.masked || (options.masked > 0 && t === options.length - 2);
  return {
    tokens: Uint32Array.from({ length: options.length }, draw),
    labels: Int32Array.from({ length: options.length }, (_, t) => (isMasked(t) ? IGNORED_LABEL : draw())),
  };
}

function randomState({ shape, random }: Draft): Float32Array {
  const length = wkvShape(shape).reduce((product, size) => product * size, 1);
  return Float32Array.from({ length }, () => 0.3 * random.normal());
}

function randomLora({ shape, weights, random }: Draft): NamedTensors {
  const tensors: Record<string, NamedTensors[string]> = {};
  const put = (name: string, dimensions: readonly [number, number]) => {
    const data = Float32Array.from({ length: dimensions[0] * dimensions[1] }, () => 0.1 * random.normal());
    tensors[name] = { shape: dimensions, data };
  };
  for (let layer = 0; layer < shape.layers; layer++)
    for (const target of TARGETS) {
      const name = `blocks.${layer}.${target}`;
      const [outputs = 0, inputs = 0] = named(weights, `${name}.weight`).shape;
      put(`${name}.lora_A`, [LORA_RANK, inputs]);
      put(`${name}.lora_B`, [outputs, LORA_RANK]);
    }
  return tensors;
}
