/** Computed arrays as the tensors of golden files: shapes, dtypes, prefixes, views. */

import type { NamedTensors, StateArrays } from "@ouroboros/native/inspect";
import type { TinyShape } from "./randomModel.js";
import type { View } from "./reference/pth.js";
import type { WrittenTensors } from "./reference/safetensors.js";
import type { DType } from "./reference/values.js";

export function integers(values: ArrayLike<number>): WrittenTensors[string] {
  return { dtype: "I32", shape: [values.length], data: values };
}

export function matrix(lines: readonly ArrayLike<number>[]): WrittenTensors[string] {
  return {
    dtype: "I32",
    shape: [lines.length, lines[0]?.length ?? 0],
    data: lines.flatMap((line) => Array.from(line)),
  };
}

export function rows(data: Float32Array, count: number): WrittenTensors[string] {
  return { shape: [count, data.length / count], data };
}

export function wkvShape({ layers, width }: TinyShape): number[] {
  return [layers, width / 64, 64, 64];
}

export function stateTensors(prefix: string, state: StateArrays, shape: TinyShape): WrittenTensors {
  const shifts = [shape.layers, shape.width];
  return {
    [`${prefix}att_shift`]: { shape: shifts, data: state.attShift },
    [`${prefix}ffn_shift`]: { shape: shifts, data: state.ffnShift },
    [`${prefix}wkv`]: { shape: wkvShape(shape), data: state.wkv },
  };
}

/** Arrays in the shapes of the tensors they belong to. */
export function gradientTensors(
  prefix: string,
  arrays: Readonly<Record<string, Float32Array>>,
  like: NamedTensors,
): WrittenTensors {
  return Object.fromEntries(
    Object.entries(arrays).map(([name, data]) => [
      `${prefix}${name}`,
      { shape: named(like, name).shape, data },
    ]),
  );
}

export function prefixed(prefix: string, tensors: WrittenTensors): WrittenTensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [`${prefix}${name}`, tensor]));
}

export function mapTensors(tensors: NamedTensors, map: (data: Float32Array) => Float32Array): NamedTensors {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { shape, data }]) => [name, { shape, data: map(data) }]),
  );
}

export function withDType(tensors: NamedTensors, dtype: DType): WrittenTensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, { ...tensor, dtype }]));
}

/** Each tensor whole, in a storage of its own. */
export function views(tensors: NamedTensors, dtype: DType): Record<string, View> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { shape, data }], index) => [
      name,
      { shape, storage: { key: String(index), dtype, values: data } },
    ]),
  );
}

/** All layers' states are views of one storage. */
export function stateFile(shape: TinyShape, wkv: Float32Array): Record<string, View> {
  const [layers = 0, ...single] = wkvShape(shape);
  const storage = { key: "0", dtype: "F32", values: wkv } as const;
  const size = wkv.length / layers;
  return Object.fromEntries(
    Array.from({ length: layers }, (_, layer) => [
      `blocks.${layer}.att.time_state`,
      { storage, offset: layer * size, shape: single },
    ]),
  );
}

export function named<T>(record: Readonly<Record<string, T>>, name: string): T {
  const found = record[name];
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
}

export function first<T>(list: readonly T[]): T {
  const [head] = list;
  if (head === undefined) throw new Error("an empty list");
  return head;
}
