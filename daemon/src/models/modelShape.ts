/** A model's sizes and what its file spends its bytes on, out of the header alone. */

import type { FloatDType, ModelFile, ModelInfo } from "../engine/engine.js";

/** A model's sizes as the engine reads them off the tensors (native/MODEL.md 2). */
export function shapeOf(file: ModelFile): Omit<ModelInfo, "hash" | "parameters"> {
  const shapes = new Map(file.tensors.map(({ name, shape }) => [name, shape]));
  const size = (name: string, dimension: number) => shapes.get(name)?.[dimension] ?? 0;
  const layers = file.tensors.filter(({ name }) => name.endsWith(".att.key.weight")).length;
  return {
    layers,
    width: size("emb.weight", 1),
    heads: size("blocks.0.att.r_k", 0),
    headSize: size("blocks.0.att.r_k", 1),
    vocabularySize: size("emb.weight", 0),
    ffnWidth: size("blocks.0.ffn.key.weight", 0),
    loraRanks: {
      w: size("blocks.0.att.w1", 1),
      a: size("blocks.0.att.a1", 1),
      v: size("blocks.1.att.v1", 1),
      g: size("blocks.0.att.g1", 1),
    },
  };
}

/** Bytes of 256 elements. */
const BYTES_OF_256: Readonly<Record<FloatDType, number>> = {
  F64: 2048,
  F32: 1024,
  F16: 512,
  BF16: 512,
  Q8_0: 272,
  Q4_0: 144,
  Q6_K: 210,
};

interface TypeShare {
  readonly type: FloatDType;
  readonly parameters: number;
  readonly bytes: number;
}

/** The largest share first. */
export function typeShares(file: ModelFile): readonly TypeShare[] {
  const counts = new Map<FloatDType, number>();
  for (const { dtype, shape } of file.tensors) {
    const count = shape.reduce((product, size) => product * size, 1);
    counts.set(dtype, (counts.get(dtype) ?? 0) + count);
  }
  return [...counts]
    .map(([type, parameters]) => ({ type, parameters, bytes: (parameters / 256) * BYTES_OF_256[type] }))
    .sort((a, b) => b.bytes - a.bytes);
}
