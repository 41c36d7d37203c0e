/**
 * The reference behind the interface of the native inspect binding, so that the conformance runner can check it, and
 * fixtures can be made with it. Float64 inside; what leaves is rounded to float32, but for losses and norms.
 * Reads float32 and bf16 safetensors only. `threads`, `instructionSet`, `chunk` and `weights` change nothing here.
 */

import type {
  AdamWOptions,
  AdamWResult,
  GradientOptions,
  Inspect,
  InspectedLogits,
  Inspector,
  InspectSequence,
  LoraTensors,
  NamedTensors,
  StateArrays,
  TrainCurve,
  TrainCurveOptions,
} from "@ouroboros/native/inspect";
import {
  forward,
  HEAD_SIZE,
  type Parameters,
  type ReferenceLora,
  type ReferenceState,
  sizesOf,
  zeroState,
} from "./model.js";
import { readSafetensors } from "./safetensors.js";
import { gradientOf, Tape, type Variable, variable } from "./tape.js";

export function referenceInspector(): Inspector {
  return {
    openInspect: ({ path, overrides = {} }) => inspectTensors({ ...readSafetensors(path), ...overrides }),
    adamw: (options) => {
      const { parameter, m, v } = adamw({
        ...options,
        parameter: Float64Array.from(options.parameter),
        gradient: Float64Array.from(options.gradient),
        m: Float64Array.from(options.m),
        v: Float64Array.from(options.v),
      });
      return { parameter: narrow(parameter), m: narrow(m), v: narrow(v) } satisfies AdamWResult;
    },
  };
}

export function inspectTensors(tensors: NamedTensors): Inspect {
  const parameters = parametersOf(tensors);
  return {
    info: infoOf(tensors, parameters),
    logits: ({ tokens, state, mode, lora }) =>
      computeLogits(parameters, { tokens, state, step: mode === "step", lora: loraOf(lora) }),
    dump({ tokens }) {
      const dump = new Map<string, Variable>();
      forward({
        tape: new Tape({ recording: false }),
        parameters,
        tokens,
        state: zeroState(sizesOf(parameters)),
        dump,
      });
      return Object.fromEntries([...dump].map(([name, value]) => [name, narrow(value.data)]));
    },
    gradients(options) {
      const { loss, gradients, initialStates } = differentiate(parameters, {
        ...options,
        lora: loraOf(options.lora),
      });
      return {
        loss,
        gradients: Object.fromEntries([...gradients].map(([name, gradient]) => [name, narrow(gradient)])),
        stateGradients: initialStates.map((state) => stateToArrays(state, gradientOf)),
      };
    },
    trainCurve: (options) => trainCurve(tensors, options),
  };
}

function infoOf(tensors: NamedTensors, parameters: Parameters): Inspect["info"] {
  const { layers, width, vocabulary } = sizesOf(parameters);
  const rank = (name: string) => tensors[`blocks.${layers - 1}.att.${name}1`]?.shape[1] ?? 0;
  return {
    layers,
    width,
    heads: width / HEAD_SIZE,
    headSize: HEAD_SIZE,
    vocabularySize: vocabulary,
    ffnWidth: tensors["blocks.0.ffn.key.weight"]?.shape[0] ?? 0,
    loraRanks: { w: rank("w"), a: rank("a"), v: rank("v"), g: rank("g") },
    parameters: Object.values(tensors).reduce((sum, { data }) => sum + data.length, 0),
    hash: "",
  };
}

/** Matrices keep their shape; everything else, r_k too, is one row. */
function parametersOf(tensors: NamedTensors): Map<string, Variable> {
  return new Map(
    Object.entries(tensors).map(([name, { shape, data }]) => {
      const [rows = 1, columns = data.length] =
        shape.length === 2 && !name.endsWith("r_k") ? shape : [1, data.length];
      return [name, variable(rows, columns, Float64Array.from(data))];
    }),
  );
}

function loraOf(lora: LoraTensors | undefined): ReferenceLora | undefined {
  return lora && { alpha: lora.alpha, tensors: parametersOf(lora.tensors) };
}

function stateFromArrays(
  state: StateArrays,
  { layers, width }: { layers: number; width: number },
): ReferenceState {
  const split = (data: Float32Array, columns: number) => {
    const size = data.length / layers;
    return Array.from({ length: layers }, (_, layer) =>
      variable(size / columns, columns, Float64Array.from(data.subarray(layer * size, (layer + 1) * size))),
    );
  };
  return {
    attShift: split(state.attShift, width),
    ffnShift: split(state.ffnShift, width),
    wkv: split(state.wkv, HEAD_SIZE),
  };
}

function stateToArrays(state: ReferenceState, data: (part: Variable) => Float64Array): StateArrays {
  const join = (parts: readonly Variable[]) => Float32Array.from(parts.flatMap((part) => [...data(part)]));
  return { attShift: join(state.attShift), ffnShift: join(state.ffnShift), wkv: join(state.wkv) };
}

function narrow(data: Float64Array): Float32Array {
  return Float32Array.from(data);
}

function computeLogits(
  parameters: Parameters,
  options: {
    readonly tokens: Uint32Array;
    readonly state: StateArrays | undefined;
    readonly step: boolean;
    readonly lora: ReferenceLora | undefined;
  },
): InspectedLogits {
  const { tokens, lora } = options;
  const sizes = sizesOf(parameters);
  let state = options.state ? stateFromArrays(options.state, sizes) : zeroState(sizes);
  const parts = options.step ? Array.from(tokens, (token) => [token]) : [tokens];
  const rows: number[] = [];
  for (const part of parts) {
    const tape = new Tape({ recording: false });
    const output = forward({ tape, parameters, tokens: part, state, ...(lora && { lora }) });
    rows.push(...output.logits.data);
    state = output.state;
  }
  return { logits: Float32Array.from(rows), state: stateToArrays(state, (part) => part.data) };
}

interface Differentiation extends Omit<GradientOptions, "lora"> {
  readonly lora: ReferenceLora | undefined;
}

/** Loss of a batch and its gradients with respect to the LoRA, or else to every parameter. */
function differentiate(parameters: Parameters, options: Differentiation) {
  const { sequences, lora } = options;
  const sizes = sizesOf(parameters);
  for (const value of [...parameters.values(), ...(lora?.tensors.values() ?? [])]) delete value.gradient;
  const positions = sequences.reduce((sum, { tokens }) => sum + tokens.length, 0);
  const labelled = sequences.reduce(
    (sum, { labels }) => sum + labels.filter((label) => label >= 0).length,
    0,
  );
  const scales = { weight: 1 / labelled, l2wrap: options.l2wrap ? 1e-4 / positions : 0 };
  let loss = 0;
  const initialStates = sequences.map((sequence) => {
    const initial = sequence.state ? stateFromArrays(sequence.state, sizes) : zeroState(sizes);
    let state = initial;
    for (const { tokens, labels } of cut(sequence, options.detachEvery)) {
      // A tape per piece: what it carries over enters the next one as plain numbers.
      const tape = new Tape({ recording: true });
      const output = forward({ tape, parameters, tokens, state, ...(lora && { lora }) });
      const pieceLoss = tape.crossEntropy(output.logits, { labels, ...scales });
      tape.backward(pieceLoss);
      loss += pieceLoss.data[0] ?? Number.NaN;
      state = detached(output.state);
    }
    return initial;
  });
  const gradients = new Map(
    [...(lora?.tensors ?? parameters)].map(([name, value]) => [name, gradientOf(value)]),
  );
  return { loss, gradients, initialStates };
}

function cut(
  { tokens, labels }: InspectSequence,
  length = tokens.length,
): { tokens: Uint32Array; labels: Int32Array }[] {
  return Array.from({ length: Math.ceil(tokens.length / length) }, (_, piece) => {
    const [from, to] = [piece * length, (piece + 1) * length];
    return { tokens: tokens.subarray(from, to), labels: labels.subarray(from, to) };
  });
}

function detached(state: ReferenceState): ReferenceState {
  const copy = (parts: readonly Variable[]) =>
    parts.map(({ rows, columns, data }) => variable(rows, columns, data));
  return { attShift: copy(state.attShift), ffnShift: copy(state.ffnShift), wkv: copy(state.wkv) };
}

type Moments = { readonly m: Float64Array; readonly v: Float64Array };

function trainCurve(tensors: NamedTensors, options: TrainCurveOptions): TrainCurve {
  const parameters = parametersOf(tensors);
  const lora = loraOf(options.lora);
  const trained = lora?.tensors ?? parameters;
  const moments = new Map<string, Moments>();
  const losses: number[] = [];
  const gradientNorms: number[] = [];
  for (let step = 1; step <= options.steps + 1; step++) {
    const { loss, gradients } = differentiate(parameters, { ...options, lora });
    losses.push(loss);
    if (step > options.steps) break;
    const used = [...gradients].filter(([, gradient]) => gradient.some((value) => value !== 0));
    const norm = Math.sqrt(
      used.reduce((sum, [, gradient]) => sum + gradient.reduce((s, g) => s + g * g, 0), 0),
    );
    gradientNorms.push(norm);
    const { clip } = options.optimizer;
    const factor = clip > 0 ? Math.min(1, clip / (norm + 1e-6)) : 1;
    for (const [name, gradient] of used)
      update({ name, gradient: gradient.map((g) => g * factor), trained, moments, step, options });
  }
  return {
    losses,
    gradientNorms,
    parameters: Object.fromEntries([...trained].map(([name, value]) => [name, narrow(value.data)])),
  };
}

function update(input: {
  readonly name: string;
  readonly gradient: Float64Array;
  readonly trained: Parameters;
  readonly moments: Map<string, Moments>;
  readonly step: number;
  readonly options: TrainCurveOptions;
}) {
  const { name, gradient, moments, step, options } = input;
  const value = input.trained.get(name);
  if (!value) throw new Error(`no parameter ${name}`);
  const before = moments.get(name) ?? {
    m: new Float64Array(gradient.length),
    v: new Float64Array(gradient.length),
  };
  const { parameter, m, v } = adamw({
    ...options.optimizer,
    ...before,
    ...groupOf({ name, value, options }),
    parameter: value.data,
    gradient,
    step,
  });
  value.data.set(parameter);
  moments.set(name, { m, v });
}

/** Learning rate and decay: as BlinkDL/RWKV-LM `RWKV-v7/train_temp/src/model.py`, configure_optimizers. */
function groupOf({ name, value, options }: { name: string; value: Variable; options: TrainCurveOptions }) {
  const { learningRate, optimizer } = options;
  const { weightDecay } = optimizer;
  if (optimizer.groups === "uniform") return { learningRate, weightDecay };
  if (name.includes("att.w0")) return { learningRate: 2 * learningRate, weightDecay: 0 };
  const isMatrix = value.rows > 1 && value.columns > 1 && name.endsWith(".weight");
  return { learningRate, weightDecay: isMatrix ? weightDecay : 0 };
}

type AdamW64 = Omit<AdamWOptions, keyof AdamWResult | "gradient"> &
  Moments & { readonly parameter: Float64Array; readonly gradient: Float64Array };

/** p *= 1 - lr wd; m, v: running means of g and g²; p -= lr m̂ / (sqrt(v̂) + epsilon), m̂ and v̂ bias-corrected. */
function adamw(options: AdamW64): Moments & { readonly parameter: Float64Array } {
  const { gradient, step, learningRate, weightDecay, beta1, beta2, epsilon } = options;
  const blend = (before: Float64Array, beta: number, now: (i: number) => number) =>
    before.map((value, i) => beta * value + (1 - beta) * now(i));
  const g = (i: number) => gradient[i] ?? Number.NaN;
  const m = blend(options.m, beta1, g);
  const v = blend(options.v, beta2, (i) => g(i) ** 2);
  const parameter = options.parameter.map((value, i) => {
    const mean = (m[i] ?? Number.NaN) / (1 - beta1 ** step);
    const square = (v[i] ?? Number.NaN) / (1 - beta2 ** step);
    return value * (1 - learningRate * weightDecay) - (learningRate * mean) / (Math.sqrt(square) + epsilon);
  });
  return { parameter, m, v };
}
