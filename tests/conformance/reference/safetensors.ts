/** Safetensors for fixtures: reads float32 and bf16, writes any dtype. */

import { readFileSync, writeFileSync } from "node:fs";
import { type DType, encodeValues } from "./values.js";

interface WrittenTensor {
  readonly dtype?: DType;
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}
export type WrittenTensors = Readonly<Record<string, WrittenTensor>>;

/** `dtype` defaults to F32. */
export function writeSafetensors(
  path: string,
  tensors: WrittenTensors,
  metadata?: Readonly<Record<string, string>>,
): void {
  const header: Record<string, unknown> = metadata ? { __metadata__: metadata } : {};
  const parts: Buffer[] = [];
  let at = 0;
  for (const [name, { dtype = "F32", shape, data }] of Object.entries(tensors)) {
    const bytes = encodeValues(dtype, data);
    header[name] = { dtype, shape, data_offsets: [at, at + bytes.length] };
    parts.push(bytes);
    at += bytes.length;
  }
  const json = Buffer.from(JSON.stringify(header));
  const padded = Buffer.concat([json, Buffer.alloc((8 - (json.length % 8)) % 8, " ")]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  writeFileSync(path, Buffer.concat([length, padded, ...parts]));
}

export function readSafetensors(
  path: string,
): Record<string, { shape: readonly number[]; data: Float32Array }> {
  const bytes = readFileSync(path);
  const headerBytes = Number(bytes.readBigUInt64LE(0));
  const header: Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }> =
    JSON.parse(bytes.toString("utf8", 8, 8 + headerBytes));
  const tensors: Record<string, { shape: readonly number[]; data: Float32Array }> = {};
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    const { dtype, shape } = entry;
    const [start, end] = entry.data_offsets;
    const raw = new Uint8Array(bytes.subarray(8 + headerBytes + start, 8 + headerBytes + end));
    if (dtype === "F32") tensors[name] = { shape, data: new Float32Array(raw.buffer) };
    else if (dtype === "BF16") tensors[name] = { shape, data: widen(new Uint16Array(raw.buffer)) };
    else throw new Error(`${name} is ${dtype}`);
  }
  return tensors;
}

function widen(bits: Uint16Array): Float32Array {
  return new Float32Array(Uint32Array.from(bits, (half) => half * 0x10000).buffer);
}
