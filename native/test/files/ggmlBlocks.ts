/** ggml's Q8_0 and Q4_0 as their definition reads: what the engine's blocks are compared with. */

/** The nearest binary16, ties to even, by searching among all of one sign. */
function roundToF16(value: number): number {
  const magnitude = Math.abs(value);
  if (magnitude === 0) return value;
  // Spacing of binary16 around the magnitude: 2^-24 below 2^-14, else 2^(exponent - 10).
  const exponent = Math.max(-14, Math.floor(Math.log2(magnitude)));
  const step = 2 ** (exponent - 10);
  const down = Math.floor(magnitude / step);
  const rest = magnitude / step - down;
  const rounded = rest > 0.5 || (rest === 0.5 && down % 2 === 1) ? down + 1 : down;
  return Math.sign(value) * rounded * step;
}

/** As C's roundf: halves away from zero. */
function roundAway(value: number): number {
  return Math.sign(value) * Math.floor(Math.abs(value) + 0.5);
}

const f32 = Math.fround;

function dequantisedBlock(block: Float32Array, type: "q8_0" | "q4_0"): Float32Array {
  const largest = block.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best), 0);
  const scale = type === "q8_0" ? f32(Math.abs(largest) / 127) : f32(largest / -8);
  const inverse = scale === 0 ? 0 : f32(1 / scale);
  const stored = roundToF16(scale);
  return block.map((value) => {
    const scaled = f32(value * inverse);
    const q = type === "q8_0" ? roundAway(scaled) : Math.min(15, Math.trunc(f32(scaled + 8.5))) - 8;
    return f32(stored * q) + 0; // integers have no -0
  });
}

/** What is left of the values after a way into blocks and back. */
export function dequantised(values: Float32Array, type: string): Float32Array {
  if (type !== "q8_0" && type !== "q4_0") throw new TypeError(`${type} is no block type of this test`);
  const result = new Float32Array(values.length);
  for (let begin = 0; begin < values.length; begin += 32) {
    result.set(dequantisedBlock(values.subarray(begin, begin + 32), type), begin);
  }
  return result;
}
