/**
 * Golden tensors: a safetensors reader of its own, so that the checker does not lean on the reader it checks, and a
 * record of which tensors a check has used, so that golden data nobody looked at is reported.
 * Trusts its input more than the engine's reader does: golden files come with the checker.
 */

import { basename } from "node:path";
import { z } from "zod";
import { readRegularFile } from "../../base/regularFile.js";

export interface GoldenTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Every value widened to float64; exact for all dtypes but i64 beyond 2^53. */
  readonly data: Float64Array;
}

export interface GoldenFile {
  /** Without folder. */
  readonly name: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly names: readonly string[];
  /** Marks the tensor as used. */
  find(name: string): GoldenTensor | undefined;
  /** Throws when absent. */
  get(name: string): GoldenTensor;
  /** All tensors whose name starts with `prefix`, keyed by the rest of the name; marks them as used. */
  under(prefix: string): ReadonlyMap<string, GoldenTensor>;
  /** Names that nothing asked for. */
  unused(): readonly string[];
}

const Entry = z.object({
  dtype: z.string(),
  shape: z.array(z.int().nonnegative()),
  data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
});
const Header = z.object({ __metadata__: z.record(z.string(), z.string()).optional() }).catchall(Entry);

type Decode = (bytes: DataView, offset: number) => number;
const DTYPES: Readonly<Record<string, { readonly size: number; readonly decode: Decode }>> = {
  F64: { size: 8, decode: (bytes, offset) => bytes.getFloat64(offset, true) },
  F32: { size: 4, decode: (bytes, offset) => bytes.getFloat32(offset, true) },
  F16: { size: 2, decode: (bytes, offset) => widenF16(bytes.getUint16(offset, true)) },
  BF16: { size: 2, decode: (bytes, offset) => widenBf16(bytes.getUint16(offset, true)) },
  I64: { size: 8, decode: (bytes, offset) => Number(bytes.getBigInt64(offset, true)) },
  I32: { size: 4, decode: (bytes, offset) => bytes.getInt32(offset, true) },
};

/** Undefined when there is no such file; throws when it is not a safetensors file. */
export async function openGoldenFile(path: string): Promise<GoldenFile | undefined> {
  const bytes = await readFileIfPresent(path);
  if (!bytes) return undefined;
  const name = basename(path);
  const { metadata, tensors } = parseSafetensors(bytes, name);
  const used = new Set<string>();
  const find = (tensorName: string) => {
    used.add(tensorName);
    return tensors.get(tensorName);
  };
  return {
    name,
    metadata,
    names: [...tensors.keys()],
    find,
    get(tensorName) {
      const tensor = find(tensorName);
      if (!tensor) throw new Error(`${name} has no tensor ${tensorName}`);
      return tensor;
    },
    under(prefix) {
      const found = [...tensors].filter(([tensorName]) => tensorName.startsWith(prefix));
      for (const [tensorName] of found) used.add(tensorName);
      return new Map(found.map(([tensorName, tensor]) => [tensorName.slice(prefix.length), tensor]));
    },
    unused: () => [...tensors.keys()].filter((tensorName) => !used.has(tensorName)),
  };
}

/** Nothing there, a folder there, or a file where a folder was expected: undefined. */
const ABSENT: readonly unknown[] = ["ENOENT", "EISDIR", "ENOTDIR"];

export async function readFileIfPresent(path: string): Promise<Buffer | undefined> {
  try {
    return await readRegularFile(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && ABSENT.includes(error.code)) return undefined;
    throw error;
  }
}

function parseSafetensors(bytes: Buffer, name: string) {
  const headerBytes = bytes.length < 8 ? 0 : Number(bytes.readBigUInt64LE(0));
  if (headerBytes === 0 || 8 + headerBytes > bytes.length)
    throw new Error(`${name} is not a safetensors file`);
  const { __metadata__: metadata = {}, ...entries } = Header.parse(
    JSON.parse(bytes.toString("utf8", 8, 8 + headerBytes)),
  );
  const tensors = new Map<string, GoldenTensor>();
  for (const [
    tensorName,
    {
      dtype,
      shape,
      data_offsets: [start, end],
    },
  ] of Object.entries(entries)) {
    const type = DTYPES[dtype];
    if (!type) throw new Error(`${name}: ${tensorName} has the unknown dtype ${dtype}`);
    const count = shape.reduce((product, size) => product * size, 1);
    if (end - start !== count * type.size || 8 + headerBytes + end > bytes.length)
      throw new Error(`${name}: the bytes of ${tensorName} do not fit its shape`);
    const view = new DataView(bytes.buffer, bytes.byteOffset + 8 + headerBytes + start, end - start);
    const data = Float64Array.from({ length: count }, (_, i) => type.decode(view, i * type.size));
    tensors.set(tensorName, { dtype, shape, data });
  }
  return { metadata, tensors };
}

const scratch = new DataView(new ArrayBuffer(4));

function widenBf16(bits: number): number {
  scratch.setUint32(0, bits * 0x10000);
  return scratch.getFloat32(0);
}

/** The nearest bfloat16 (ties to even) of a finite float32, widened again. */
export function roundToBf16(value: number): number {
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0);
  return widenBf16(Math.floor((bits + 0x7fff + (Math.floor(bits / 0x10000) % 2)) / 0x10000));
}

function widenF16(bits: number): number {
  const sign = bits >= 0x8000 ? -1 : 1;
  const exponent = Math.floor(bits / 0x400) % 0x20;
  const fraction = bits % 0x400;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 0x400) * 2 ** (exponent - 15);
}
