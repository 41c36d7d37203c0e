/**
 * RWKV-7 (x070) written with Tape operations, token by token where the model is recurrent. The reference that golden
 * numbers come from; equations as in native/MODEL.md, from BlinkDL/RWKV-LM `RWKV-v7/rwkv_v7_numpy.py` (the model)
 * and `RWKV-v7/rwkv_v7_demo.py` (the training form). Knows nothing of files, batches or losses.
 */

import type { Tape, Variable } from "./tape.js";
import { variable } from "./tape.js";

export const HEAD_SIZE = 64;
const LAYER_NORM_EPSILON = 1e-5;
const GROUP_NORM_EPSILON = 64e-5;
const KEY_NORM_MIN = 1e-12;
const DECAY_SCALE = -Math.exp(-0.5);

export type Parameters = ReadonlyMap<string, Variable>;

/** One entry per layer: shifts [1,D], wkv [D,N] (row h N + i = value channel i of head h). */
export interface ReferenceState {
  readonly attShift: readonly Variable[];
  readonly ffnShift: readonly Variable[];
  readonly wkv: readonly Variable[];
}

/** y += scale B (A x) on the matrices whose `.lora_A` [r,in] and `.lora_B` [out,r] are there. */
export interface ReferenceLora {
  readonly alpha: number;
  readonly tensors: Parameters;
}

interface ForwardOptions {
  readonly tape: Tape;
  readonly parameters: Parameters;
  readonly tokens: ArrayLike<number>;
  readonly state: ReferenceState;
  readonly lora?: ReferenceLora;
  /** Receives every intermediate under its name in the dump files. */
  readonly dump?: Map<string, Variable>;
}

/** What every part of one forward pass uses. */
interface Pass extends ForwardOptions {
  readonly parameter: (name: string) => Variable;
  readonly keep: (name: string, value: Variable) => Variable;
}

export function sizesOf(parameters: Parameters) {
  const table = parameters.get("emb.weight");
  if (!table) throw new Error("no emb.weight");
  let layers = 0;
  while (parameters.has(`blocks.${layers}.ln1.weight`)) layers++;
  return { layers, width: table.columns, vocabulary: table.rows };
}

export function zeroState(options: { readonly layers: number; readonly width: number }): ReferenceState {
  const perLayer = (columns: number, rows: number) =>
    Array.from({ length: options.layers }, () => variable(rows, columns));
  return {
    attShift: perLayer(options.width, 1),
    ffnShift: perLayer(options.width, 1),
    wkv: perLayer(HEAD_SIZE, options.width),
  };
}

/** logits [T,V] and the State after the last token. */
export function forward(options: ForwardOptions): { logits: Variable; state: ReferenceState } {
  const pass: Pass = {
    ...options,
    parameter: (name) => {
      const found = options.parameters.get(name);
      if (!found) throw new Error(`no tensor ${name}`);
      return found;
    },
    keep: (name, value) => {
      options.dump?.set(name, value);
      return value;
    },
  };
  const { tape, parameter, keep } = pass;
  let x = keep(
    "ln0_out",
    layerNorm(pass, { x: tape.gather(parameter("emb.weight"), options.tokens), name: "blocks.0.ln0" }),
  );
  const next: { attShift: Variable[]; ffnShift: Variable[]; wkv: Variable[] } = {
    attShift: [],
    ffnShift: [],
    wkv: [],
  };
  let firstValue: Variable | undefined;
  options.state.wkv.forEach((wkv, layer) => {
    const block = `blocks.${layer}.`;
    const mixed = timeMix(pass, { x, block, wkv, shift: entry(options.state.attShift, layer), firstValue });
    firstValue = mixed.firstValue;
    x = tape.add(x, mixed.output);
    const channel = channelMix(pass, { x, block, shift: entry(options.state.ffnShift, layer) });
    x = keep(`${block}x_out`, tape.add(x, channel.output));
    next.attShift.push(mixed.shift);
    next.ffnShift.push(channel.shift);
    next.wkv.push(mixed.wkv);
  });
  const normalized = keep("ln_out", layerNorm(pass, { x, name: "ln_out" }));
  return { logits: keep("logits", tape.linear(normalized, parameter("head.weight"))), state: next };
}

function timeMix(
  pass: Pass,
  input: { x: Variable; block: string; shift: Variable; wkv: Variable; firstValue: Variable | undefined },
) {
  const { tape, keep } = pass;
  const { block } = input;
  const att = (name: string) => pass.parameter(`${block}att.${name}`);
  const h = keep(`${block}ln1_out`, layerNorm(pass, { x: input.x, name: `${block}ln1` }));
  const shifted = tokenShift(pass, { h, first: input.shift });
  const mix = (channel: string) =>
    keep(`${block}x${channel}`, tape.add(h, tape.multiply(shifted.difference, att(`x_${channel}`))));
  const [xr, xw, xk, xv, xa, xg] = [mix("r"), mix("w"), mix("k"), mix("v"), mix("a"), mix("g")];

  const r = keep(`${block}r`, adaptedLinear(pass, { x: xr, name: `${block}att.receptance` }));
  const rawKey = adaptedLinear(pass, { x: xk, name: `${block}att.key` });
  const rawValue = adaptedLinear(pass, { x: xv, name: `${block}att.value` });
  const lowRank = (x: Variable, name: string) =>
    tape.matmul(tape.matmul(x, att(`${name}1`)), att(`${name}2`));

  const decayInput = tape.add(tape.matmul(tape.tanh(tape.matmul(xw, att("w1"))), att("w2")), att("w0"));
  const decay = keep(`${block}decay`, tape.exp(tape.scale(tape.sigmoid(decayInput), DECAY_SCALE)));
  const a = keep(`${block}a`, tape.sigmoid(tape.add(lowRank(xa, "a"), att("a0"))));
  const g = keep(`${block}g`, tape.matmul(tape.sigmoid(tape.matmul(xg, att("g1"))), att("g2")));
  // Block 0 defines the value that later blocks lean towards.
  const firstValue = input.firstValue ?? rawValue;
  const v = keep(
    `${block}v`,
    input.firstValue === undefined
      ? rawValue
      : tape.add(
          rawValue,
          tape.multiply(
            tape.subtract(firstValue, rawValue),
            tape.sigmoid(tape.add(lowRank(xv, "v"), att("v0"))),
          ),
        ),
  );
  const kk = keep(`${block}kk`, tape.unit(tape.multiply(rawKey, att("k_k")), HEAD_SIZE, KEY_NORM_MIN));
  const aMinusOne = tape.map(
    a,
    (value) => value - 1,
    () => 1,
  );
  const k = keep(`${block}k`, tape.add(rawKey, tape.multiply(tape.multiply(rawKey, aMinusOne), att("k_a"))));

  const recurrence = recur(pass, { r, decay, k, v, a, kk, wkv: input.wkv });
  const y = keep(`${block}wkv_out`, recurrence.y);
  const normalized = tape.add(
    tape.multiply(tape.normalize(y, HEAD_SIZE, GROUP_NORM_EPSILON), att("ln_x.weight")),
    att("ln_x.bias"),
  );
  keep(`${block}ln_x_out`, normalized);
  const strength = tape.spreadSums(tape.multiply(tape.multiply(r, k), att("r_k")), HEAD_SIZE);
  const bonus = keep(`${block}bonus`, tape.multiply(strength, v));
  const output = keep(
    `${block}att_out`,
    adaptedLinear(pass, { x: tape.multiply(tape.add(normalized, bonus), g), name: `${block}att.output` }),
  );
  return { output, firstValue, shift: shifted.last, wkv: recurrence.wkv };
}

/** S_t = S_{t-1} diag(d) - (S_{t-1} kk)(kk a)ᵀ + v kᵀ ; y_t = S_t r. */
function recur(
  pass: Pass,
  input: { r: Variable; decay: Variable; k: Variable; v: Variable; a: Variable; kk: Variable; wkv: Variable },
): { y: Variable; wkv: Variable } {
  const { tape } = pass;
  const ka = tape.multiply(input.kk, input.a);
  let s = input.wkv;
  const outputs: Variable[] = [];
  for (let t = 0; t < input.r.rows; t++) {
    const at = (x: Variable) => tape.slice(x, t, t + 1);
    const removed = tape.outerHeads(tape.applyHeads(s, at(input.kk)), at(ka), HEAD_SIZE);
    const written = tape.outerHeads(at(input.v), at(input.k), HEAD_SIZE);
    s = tape.add(tape.subtract(tape.scaleColumns(s, at(input.decay)), removed), written);
    outputs.push(tape.applyHeads(s, at(input.r)));
  }
  return { y: tape.stack(outputs), wkv: s };
}

function channelMix(pass: Pass, input: { x: Variable; block: string; shift: Variable }) {
  const { tape, keep } = pass;
  const { block } = input;
  const h = keep(`${block}ln2_out`, layerNorm(pass, { x: input.x, name: `${block}ln2` }));
  const shifted = tokenShift(pass, { h, first: input.shift });
  const z = tape.add(h, tape.multiply(shifted.difference, pass.parameter(`${block}ffn.x_k`)));
  const hidden = tape.squaredRelu(adaptedLinear(pass, { x: z, name: `${block}ffn.key` }));
  const output = keep(`${block}ffn_out`, adaptedLinear(pass, { x: hidden, name: `${block}ffn.value` }));
  return { output, shift: shifted.last };
}

/** h_{t-1} - h_t with h_{-1} = first, and the last row. */
function tokenShift(pass: Pass, input: { h: Variable; first: Variable }) {
  const { tape } = pass;
  const { h } = input;
  const before = tape.stack([input.first, tape.slice(h, 0, h.rows - 1)]);
  return { difference: tape.subtract(before, h), last: tape.slice(h, h.rows - 1, h.rows) };
}

function layerNorm(pass: Pass, input: { x: Variable; name: string }): Variable {
  const { tape } = pass;
  const normalized = tape.normalize(input.x, input.x.columns, LAYER_NORM_EPSILON);
  return tape.add(
    tape.multiply(normalized, pass.parameter(`${input.name}.weight`)),
    pass.parameter(`${input.name}.bias`),
  );
}

function adaptedLinear(pass: Pass, input: { x: Variable; name: string }): Variable {
  const { tape, lora } = pass;
  const y = tape.linear(input.x, pass.parameter(`${input.name}.weight`));
  const down = lora?.tensors.get(`${input.name}.lora_A`);
  const up = lora?.tensors.get(`${input.name}.lora_B`);
  if (!lora || !down || !up) return y;
  return tape.add(y, tape.scale(tape.linear(tape.linear(input.x, down), up), lora.alpha / down.rows));
}

function entry(list: readonly Variable[], index: number): Variable {
  const found = list[index];
  if (!found) throw new RangeError(`layer ${index}`);
  return found;
}
