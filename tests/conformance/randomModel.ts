/** Tiny random RWKV-7 checkpoints in which no parameter is trivial, also those that official initialisation zeroes. */

import type { NamedTensors } from "@ouroboros/native/inspect";
import type { Random } from "./reference/random.js";

export interface TinyShape {
  readonly layers: number;
  /** A multiple of 64. */
  readonly width: number;
  readonly vocabulary: number;
  readonly ffn: number;
  readonly ranks: { readonly w: number; readonly a: number; readonly v: number; readonly g: number };
  /** Whether block 0 carries the value residual that it never uses. */
  readonly hasUnusedResidual: boolean;
}

type Draw = () => number;

export function randomModel(shape: TinyShape, random: Random): NamedTensors {
  const { layers, width, vocabulary, ffn, ranks } = shape;
  const tensors: Record<string, { shape: readonly number[]; data: Float32Array }> = {};
  const put = (name: string, dimensions: readonly number[], draw: Draw) => {
    const size = dimensions.reduce((product, dimension) => product * dimension, 1);
    tensors[name] = { shape: dimensions, data: Float32Array.from({ length: size }, draw) };
  };
  const around =
    (mean: number, deviation: number): Draw =>
    () =>
      mean + deviation * random.normal();
  const matrix = (name: string, rows: number, columns: number) =>
    put(name, [rows, columns], around(0, 1 / Math.sqrt(columns)));
  const norm = (name: string, size = width) => {
    put(`${name}.weight`, [size], around(1, 0.2));
    put(`${name}.bias`, [size], around(0, 0.2));
  };
  const vector = (name: string, draw: Draw) => put(name, [1, 1, width], draw);
  const lowRank = (name: string, rank: number) => {
    put(`${name}1`, [width, rank], around(0, 1 / Math.sqrt(width)));
    put(`${name}2`, [rank, width], around(0, 1 / Math.sqrt(rank)));
  };

  put("emb.weight", [vocabulary, width], around(0, 1));
  for (let layer = 0; layer < layers; layer++) {
    const block = `blocks.${layer}.`;
    const att = `${block}att.`;
    if (layer === 0) norm(`${block}ln0`);
    norm(`${block}ln1`);
    norm(`${block}ln2`);
    for (const channel of "rwkvag") vector(`${att}x_${channel}`, () => random.uniform());
    vector(`${att}w0`, () => -4 + 6 * random.uniform());
    vector(`${att}a0`, around(0, 0.5));
    lowRank(`${att}w`, ranks.w);
    lowRank(`${att}a`, ranks.a);
    lowRank(`${att}g`, ranks.g);
    if (layer > 0 || shape.hasUnusedResidual) {
      vector(`${att}v0`, around(0, 0.5));
      lowRank(`${att}v`, ranks.v);
    }
    vector(`${att}k_k`, around(0.7, 0.2));
    vector(`${att}k_a`, around(1, 0.2));
    put(`${att}r_k`, [width / 64, 64], around(0, 0.2));
    for (const name of ["receptance", "key", "value", "output"]) matrix(`${att}${name}.weight`, width, width);
    norm(`${att}ln_x`);
    vector(`${block}ffn.x_k`, () => random.uniform());
    matrix(`${block}ffn.key.weight`, ffn, width);
    matrix(`${block}ffn.value.weight`, width, ffn);
  }
  norm("ln_out");
  matrix("head.weight", vocabulary, width);
  return tensors;
}
