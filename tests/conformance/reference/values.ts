/** Numbers as bytes, little-endian, in the dtypes of checkpoint files. */

export type DType = "F32" | "F64" | "F16" | "BF16" | "I32" | "I64";

const SIZES: Readonly<Record<DType, number>> = { F32: 4, F64: 8, F16: 2, BF16: 2, I32: 4, I64: 8 };

export function encodeValues(dtype: DType, values: ArrayLike<number>): Buffer {
  const bytes = Buffer.alloc(values.length * SIZES[dtype]);
  Array.from(values).forEach((value, i) => {
    const at = i * SIZES[dtype];
    if (dtype === "F32") bytes.writeFloatLE(value, at);
    else if (dtype === "F64") bytes.writeDoubleLE(value, at);
    else if (dtype === "I32") bytes.writeInt32LE(value, at);
    else if (dtype === "I64") bytes.writeBigInt64LE(BigInt(value), at);
    else if (dtype === "F16") bytes.writeUInt16LE(f16Bits(value), at);
    else bytes.writeUInt16LE(bf16Bits(value), at);
  });
  return bytes;
}

/** The nearest bfloat16, ties to even, by arithmetic on the value; not for subnormals. */
export function nearestBf16(value: number): number {
  if (value === 0) return value;
  const step = 2 ** (Math.floor(Math.log2(Math.abs(value))) - 7);
  const steps = value / step;
  const below = Math.floor(steps);
  const isUp = steps - below > 0.5 || (steps - below === 0.5 && below % 2 !== 0);
  return (isUp ? below + 1 : below) * step;
}

function bf16Bits(value: number): number {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatBE(nearestBf16(value), 0);
  return bytes.readUInt16BE(0);
}

/** Of values that float16 holds exactly; not for subnormals. */
function f16Bits(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  if (value === 0) return sign;
  const exponent = Math.floor(Math.log2(Math.abs(value)));
  const fraction = (Math.abs(value) / 2 ** exponent - 1) * 0x400;
  if (!Number.isInteger(fraction) || exponent < -14 || exponent > 15)
    throw new RangeError(`${value} is no float16`);
  return sign + (exponent + 15) * 0x400 + fraction;
}
