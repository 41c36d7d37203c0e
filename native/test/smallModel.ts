/**
 * Small RWKV-7 models whose every tensor matters: random values of the size that training gives. The official initial
 * values would not do, since their zeros hide what is multiplied with them.
 */

import { join } from "node:path";
import { type TensorToWrite, writeSafetensors } from "../lib/files.js";
import type { NamedTensors, StateArrays } from "../lib/inspect.js";
import type { ModelShape } from "../lib/types.js";
import { seededRandom } from "./seededRandom.js";

type SmallShape = Required<ModelShape>;
/** Two heads, so that a mixed-up head shows; three layers, so that value residuals add up; no size divides another. */
export const SMALL: SmallShape = {
  layers: 3,
  width: 128,
  vocabularySize: 50,
  ffnWidth: 200,
  loraRanks: { w: 5, a: 7, v: 3, g: 9 },
};
/** The quickest that has all parts. */
export const TINY: SmallShape = { ...SMALL, layers: 2, width: 64, ffnWidth: 96 };

interface Named {
  readonly name: string;
  readonly shape: readonly number[];
  readonly mean: number;
  readonly deviation: number;
}

function vector(name: string, shape: readonly number[], mean: number, deviation: number): Named {
  return { name, shape, mean, deviation };
}

/** Keeps what a matrix makes of a unit vector at about `gain`. */
function matrix(name: string, shape: readonly [number, number], inputs: number, gain = 1): Named {
  return { name, shape, mean: 0, deviation: gain / Math.sqrt(inputs) };
}

function norm(name: string, width: number): Named[] {
  return [vector(`${name}.weight`, [width], 1, 0.2), vector(`${name}.bias`, [width], 0, 0.2)];
}

/** w0 w1 w2 and their like; `gain` makes the gate move visibly with the token. */
function factors(prefix: string, options: { width: number; rank: number; mean?: number }): Named[] {
  const { width, rank, mean } = options;
  const base = mean === undefined ? [] : [vector(`${prefix}0`, [1, 1, width], mean, 0.7)];
  return [
    ...base,
    matrix(`${prefix}1`, [width, rank], width),
    matrix(`${prefix}2`, [rank, width], rank, 0.8),
  ];
}

function block(layer: number, shape: SmallShape): Named[] {
  const { width, ffnWidth, loraRanks } = shape;
  const name = (rest: string) => `blocks.${layer}.${rest}`;
  return [
    ...(layer === 0 ? norm(name("ln0"), width) : []),
    ...norm(name("ln1"), width),
    ...norm(name("ln2"), width),
    ...["r", "w", "k", "v", "a", "g"].map((mix) => vector(name(`att.x_${mix}`), [1, 1, width], 0.5, 0.25)),
    ...factors(name("att.w"), { width, rank: loraRanks.w, mean: -1 }),
    ...factors(name("att.a"), { width, rank: loraRanks.a, mean: 0 }),
    ...(layer > 0 ? factors(name("att.v"), { width, rank: loraRanks.v, mean: 0 }) : []),
    ...factors(name("att.g"), { width, rank: loraRanks.g }),
    vector(name("att.k_k"), [1, 1, width], 0.8, 0.2),
    vector(name("att.k_a"), [1, 1, width], 0.9, 0.3),
    vector(name("att.r_k"), [width / 64, 64], 0, 0.2),
    ...["receptance", "key", "value", "output"].map((part) =>
      matrix(name(`att.${part}.weight`), [width, width], width),
    ),
    ...norm(name("att.ln_x"), width),
    vector(name("ffn.x_k"), [1, 1, width], 0.5, 0.25),
    matrix(name("ffn.key.weight"), [ffnWidth, width], width),
    matrix(name("ffn.value.weight"), [width, ffnWidth], ffnWidth, 0.7),
  ];
}

/** The tensors of a model in the order of official files, without block 0's unused value residual. */
export function randomTensors(shape: SmallShape, seed: number): TensorToWrite[] {
  const { layers, width, vocabularySize } = shape;
  const random = seededRandom(seed);
  const named = [
    vector("emb.weight", [vocabularySize, width], 0, 1),
    ...Array.from({ length: layers }, (_, layer) => block(layer, shape)).flat(),
    ...norm("ln_out", width),
    matrix("head.weight", [vocabularySize, width], width, 2),
  ];
  return named.map((tensor) => ({
    name: tensor.name,
    dtype: "F32",
    shape: tensor.shape,
    values: random.normals(sizeOf(tensor.shape), tensor),
  }));
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Writes a random model and returns its path. */
export function writeModel(options: {
  readonly folder: string;
  readonly shape: SmallShape;
  readonly seed: number;
  readonly change?: (tensors: TensorToWrite[]) => TensorToWrite[];
}): string {
  const { folder, shape, seed, change = (tensors) => tensors } = options;
  const path = join(folder, `model-${shape.layers}-${shape.width}-${seed}.safetensors`);
  writeSafetensors({ path, tensors: change(randomTensors(shape, seed)) });
  return path;
}

export function byName(tensors: readonly TensorToWrite[]): NamedTensors {
  return Object.fromEntries(tensors.map(({ name, shape, values }) => [name, { shape, data: values }]));
}

/** A State as after some tokens: shifts of the size of LayerNorm outputs, a filled memory. */
export function randomState(shape: SmallShape, seed: number): StateArrays {
  const { layers, width } = shape;
  const random = seededRandom(seed);
  return {
    attShift: random.normals(layers * width, { mean: 0, deviation: 1 }),
    ffnShift: random.normals(layers * width, { mean: 0, deviation: 1 }),
    wkv: random.normals(layers * width * 64, { mean: 0, deviation: 0.3 }),
  };
}

export function randomTokens(
  count: number,
  seed: number,
  vocabularySize = SMALL.vocabularySize,
): Uint32Array {
  const random = seededRandom(seed);
  return Uint32Array.from({ length: count }, () => Math.floor(random.uniform() * vocabularySize));
}
