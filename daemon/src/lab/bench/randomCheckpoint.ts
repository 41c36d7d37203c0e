/**
 * A checkpoint of random values at a given shape, written in a second or two: official initial values take minutes at
 * 0.1B, and speed does not depend on them. Norms are 1, so that what flows through stays of ordinary size.
 */

import { type FileHandle, open } from "node:fs/promises";
import type { BenchShape } from "./shapes.js";

interface StoredTensor {
  readonly name: string;
  readonly shape: readonly number[];
}

const BYTES_PER_VALUE = 2;
const HEAD_SIZE = 64;
const ONE_BF16 = 0x3f80;
/** Written over and over: larger than what a kernel holds at once, small in memory. */
const BLOCK_VALUES = 1 << 20;

/** Throws what the file system says. Once it was stopped it leaves an unfinished file. */
export async function writeRandomCheckpoint(options: {
  readonly path: string;
  readonly shape: BenchShape;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { path, shape, signal } = options;
  const tensors = tensorsOf(shape);
  const file = await open(path, "w");
  try {
    await file.write(headerOf(tensors));
    const [noise, ones] = [noiseBlock(), onesBlock()];
    for (const tensor of tensors) {
      if (signal.aborted) return;
      await writeValues(file, countOf(tensor), isNorm(tensor) ? ones : noise);
    }
  } finally {
    await file.close();
  }
}

function headerOf(tensors: readonly StoredTensor[]): Uint8Array {
  let offset = 0;
  const entries = tensors.map((tensor) => {
    const begin = offset;
    offset += BYTES_PER_VALUE * countOf(tensor);
    return [tensor.name, { dtype: "BF16", shape: tensor.shape, data_offsets: [begin, offset] }] as const;
  });
  const text = JSON.stringify(Object.fromEntries(entries));
  const json = Buffer.from(text.padEnd(Math.ceil(text.length / 8) * 8));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([size, json]);
}

async function writeValues(file: FileHandle, count: number, block: Uint16Array): Promise<void> {
  for (let written = 0; written < count; written += block.length) {
    const part = block.subarray(0, Math.min(block.length, count - written));
    await file.write(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
  }
}

/** bf16 values of either sign between 2^-7 and 2^-4, from a congruential generator. */
function noiseBlock(): Uint16Array {
  const block = new Uint16Array(BLOCK_VALUES);
  let random = 1;
  for (let index = 0; index < block.length; index += 1) {
    random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
    const sign = (random >>> 31) << 15;
    const exponent = (120 + ((random >>> 16) % 3)) << 7;
    block[index] = sign | exponent | ((random >>> 24) & 0x7f);
  }
  return block;
}

function onesBlock(): Uint16Array {
  return new Uint16Array(BLOCK_VALUES).fill(ONE_BF16);
}

function countOf({ shape }: StoredTensor): number {
  return shape.reduce((product, size) => product * size, 1);
}

function isNorm({ name }: StoredTensor): boolean {
  return /(^|\.)ln[^.]*\.weight$/.test(name);
}

/** Names and shapes as native/MODEL.md, section 2. */
function tensorsOf(shape: BenchShape): readonly StoredTensor[] {
  const { layers, width, vocabularySize } = shape;
  return [
    { name: "emb.weight", shape: [vocabularySize, width] },
    ...Array.from({ length: layers }, (_, layer) => blockOf(layer, shape)).flat(),
    ...normOf("ln_out", width),
    { name: "head.weight", shape: [vocabularySize, width] },
  ];
}

function blockOf(layer: number, { width, loraRanks }: BenchShape): readonly StoredTensor[] {
  const named = (name: string, ...shape: readonly number[]) => ({ name: `blocks.${layer}.${name}`, shape });
  const vectors = (...names: readonly string[]) => names.map((name) => named(name, 1, 1, width));
  const ffnWidth = 4 * width;
  const lowRanks = (["w", "a", "v", "g"] as const)
    // The first layer has no value of an earlier one to mix in.
    .filter((letter) => letter !== "v" || layer > 0)
    .flatMap((letter) => [
      named(`att.${letter}1`, width, loraRanks[letter]),
      named(`att.${letter}2`, loraRanks[letter], width),
      ...(letter === "g" ? [] : vectors(`att.${letter}0`)),
    ]);
  return [
    ...(layer === 0 ? normOf("blocks.0.ln0", width) : []),
    ...normOf(`blocks.${layer}.ln1`, width),
    ...normOf(`blocks.${layer}.ln2`, width),
    ...vectors("att.x_r", "att.x_w", "att.x_k", "att.x_v", "att.x_a", "att.x_g", "att.k_k", "att.k_a"),
    ...lowRanks,
    named("att.r_k", width / HEAD_SIZE, HEAD_SIZE),
    ...["receptance", "key", "value", "output"].map((name) => named(`att.${name}.weight`, width, width)),
    ...normOf(`blocks.${layer}.att.ln_x`, width),
    ...vectors("ffn.x_k"),
    named("ffn.key.weight", ffnWidth, width),
    named("ffn.value.weight", width, ffnWidth),
  ];
}

function normOf(name: string, width: number): readonly StoredTensor[] {
  return [
    { name: `${name}.weight`, shape: [width] },
    { name: `${name}.bias`, shape: [width] },
  ];
}
