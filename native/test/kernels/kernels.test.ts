import { describe, expect, test } from "vitest";
import { createEngine } from "../../lib/engine.js";
import { hasBf16, instructionSets, readBandwidth } from "../../lib/kernels.js";
import type { EngineOptions, Precision } from "../../lib/types.js";
import { expectEngineError } from "../expectEngineError.js";
import { areSame, randomNumbers, worstError } from "./kernelCall.js";
import { poolExercises, runGemm } from "./kernelRuns.js";

const SETS = instructionSets();

test("every machine has the portable kernels", () => {
  expect(SETS[0]).toBe("scalar");
});

interface Product {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly isATransposed: boolean;
  readonly isBTransposed: boolean;
  readonly isAccumulating: boolean;
  readonly scale: number;
  readonly precision: Precision;
}

/** Misaligned operands with rows a little longer than needed; the gaps must stay as they are. */
function placed(product: Product, seed: number) {
  const { m, n, k, isATransposed, isBTransposed } = product;
  const random = randomNumbers(seed);
  const gap = seed % 4;
  const place = (offset: number, rows: number, columns: number, isTransposed: boolean) => ({
    offset,
    rowStride: isTransposed ? 1 : columns + gap,
    columnStride: isTransposed ? rows + gap : 1,
  });
  const a = place(seed % 17, m, k, isATransposed);
  const aEnd = a.offset + (isATransposed ? k : m) * (Math.max(a.rowStride, a.columnStride) || 1);
  const b = place(aEnd + 3, k, n, isBTransposed);
  const bEnd = b.offset + (isBTransposed ? n : k) * (Math.max(b.rowStride, b.columnStride) || 1);
  const c = { offset: bEnd + 5, stride: n + gap };
  return { a, b, c, memory: random(c.offset + m * c.stride + 19) };
}

const floats = new Float32Array(1);
const bits = new Uint32Array(floats.buffer);
/** The nearest bf16, of two the one with an even last digit. */
function roundToBf16(value: number): number {
  floats[0] = value;
  const [before = 0] = bits;
  bits[0] = (before + 0x7fff + ((before >>> 16) & 1)) & 0xffff0000;
  return floats[0];
}

/** Fewer rows or columns than this stay float32 in any case. */
const BF16_LEAST = 32;

function reference(product: Product, { a, b, c, memory }: ReturnType<typeof placed>): Float64Array {
  const { m, n, k, isAccumulating, precision } = product;
  const expected = Float64Array.from(memory);
  const isRounded = precision === "bf16" && Math.min(m, n) >= BF16_LEAST;
  // Where operands are rounded, so is the scale that was multiplied into a.
  const [inner, scale] = isRounded ? [product.scale, 1] : [1, product.scale];
  const rounded = isRounded ? memory.map(roundToBf16) : memory;
  const scaled = isRounded ? memory.map((value) => roundToBf16(Math.fround(inner * value))) : memory;
  const at = (index: number) => memory[index] ?? Number.NaN;
  for (let i = 0; i < m; i += 1) {
    for (let j = 0; j < n; j += 1) {
      let sum = 0;
      for (let step = 0; step < k; step += 1) {
        sum +=
          (scaled[a.offset + i * a.rowStride + step * a.columnStride] ?? Number.NaN) *
          (rounded[b.offset + step * b.rowStride + j * b.columnStride] ?? Number.NaN);
      }
      const index = c.offset + i * c.stride + j;
      expected[index] = (isAccumulating ? at(index) : 0) + scale * sum;
    }
  }
  return expected;
}

/** Around the edges of tiles (6, 12, 16, 32), of the ways to compute (32, 64), of blocks (96, 128, 256, 512). */
const SIZES: readonly (readonly [number, number, number])[] = [
  ...[0, 1, 2, 5, 13].flatMap((m) =>
    [0, 1, 3, 16, 17].flatMap((n) => [0, 1, 7, 33].map((k) => [m, n, k] as const)),
  ),
  ...[1, 4, 15, 16, 17, 64].flatMap((m) =>
    [63, 65, 130].flatMap((n) => [31, 97].map((k) => [m, n, k] as const)),
  ),
  [32, 31, 40],
  [33, 32, 1],
  [40, 33, 2],
  [48, 64, 63],
  [65, 65, 0],
  [65, 65, 1],
  [65, 66, 17],
  [66, 97, 255],
  [97, 67, 257],
  [101, 70, 600],
  [70, 515, 130],
  [200, 80, 70],
  [65, 65, 2100],
  [300, 1, 129],
  [300, 16, 40],
  [129, 64, 300],
  [64, 96, 1027],
];

const WAYS = SETS.flatMap((instructionSet) => [
  { instructionSet, precision: "f32" as const },
  ...(hasBf16(instructionSet) ? [{ instructionSet, precision: "bf16" as const }] : []),
]);

describe.each(WAYS)("matrix products with $instructionSet in $precision", ({ instructionSet, precision }) => {
  test("are right for odd sizes, strides, scales and alignments, with the same bits for any number of threads", () => {
    SIZES.forEach(([m, n, k], index) => {
      for (const variant of [index % 8, (index + 5) % 8]) {
        const product = {
          ...{ m, n, k },
          isATransposed: (variant & 1) !== 0,
          isBTransposed: (variant & 2) !== 0,
          isAccumulating: (variant & 4) !== 0,
          scale: [1, 0.5, -1.7][index % 3] ?? 1,
          precision,
        };
        const operands = placed(product, index * 8 + variant);
        const run = (threads: number) => runGemm({ instructionSet, threads, ...product, ...operands });
        const actual = run(1);
        const tolerance = 1e-7 * (10 + k) * Math.max(1, Math.abs(product.scale));
        expect(worstError(actual, reference(product, operands)), JSON.stringify(product)).toBeLessThan(
          tolerance,
        );
        if (m * n * k < 400_000) continue; // below that, one thread does it all
        for (const threads of [2, 3, 4])
          expect(areSame(run(threads), actual), `${threads} threads`).toBe(true);
      }
    });
  });

  test("a thousand steps of k in one row, as in decoding, are right with threads", () => {
    const product = {
      m: 1,
      n: 515,
      k: 1030,
      isATransposed: false,
      isBTransposed: true,
      isAccumulating: false,
      scale: 1,
      precision,
    };
    const operands = placed(product, 7);
    const run = (threads: number) => runGemm({ instructionSet, threads, ...product, ...operands });
    expect(worstError(run(1), reference(product, operands))).toBeLessThan(1e-5);
    expect(areSame(run(3), run(1))).toBe(true);
  });

  test("a product too long for one loop has the bits of its rows in shorter ones", () => {
    const whole = {
      ...{ m: 1000, n: 1000, k: 512, isATransposed: false, isBTransposed: true, isAccumulating: false },
      ...{ scale: 1, precision },
    };
    const operands = placed(whole, 8);
    const { a, c } = operands;
    const run = (threads: number) => runGemm({ instructionSet, threads, ...whole, ...operands });
    let parts = operands.memory;
    for (let row = 0; row < whole.m; row += 200) {
      const place = {
        a: { ...a, offset: a.offset + row * a.rowStride },
        c: { ...c, offset: c.offset + row * c.stride },
      };
      const part = { ...whole, ...operands, ...place, m: 200, memory: parts };
      parts = runGemm({ instructionSet, threads: 1, ...part });
    }
    for (const threads of [1, 2]) expect(areSame(run(threads), parts), `${threads} threads`).toBe(true);
  });
});

test("scalar kernels have no bf16, and say so", () => {
  expect(hasBf16("scalar")).toBe(false);
});

test.skipIf(!hasBf16(SETS.at(-1) ?? "scalar"))(
  "an operand that was packed before gives the same bits, around the edges of tiles and of what is packed at once",
  () => {
    const instructionSet = SETS.at(-1) ?? "scalar";
    const large = [
      [33, 1100, 2100],
      [40, 40, 4200],
      [35, 600, 4100],
    ] as const;
    [...SIZES, ...large].forEach(([m, n, k], index) => {
      for (const isBTransposed of [false, true]) {
        const product = { m, n, k, isATransposed: false, isBTransposed, isAccumulating: index % 2 === 1 };
        const call = { ...product, scale: 0.5, precision: "bf16" as const };
        const operands = placed(call, index);
        const plain = runGemm({ instructionSet, threads: 1, ...call, ...operands });
        for (const threads of [1, 3]) {
          const packed = runGemm({ instructionSet, threads, ...call, ...operands, isPackedBefore: true });
          expect(areSame(packed, plain), JSON.stringify(product)).toBe(true);
        }
      }
    });
  },
);

test.skipIf(!WAYS.some(({ precision }) => precision === "bf16"))(
  "what is not a number stays so in bf16, and ties go to even",
  () => {
    const [m, n, k] = [32, 32, 3];
    // 1 + 2^-8 lies between 1 and 1 + 2^-7, 1 + 3 * 2^-8 between 1 + 2^-7 and 1 + 2^-6.
    const values = [1 + 2 ** -8, 1 + 3 * 2 ** -8, Number.NaN, Number.POSITIVE_INFINITY];
    const memory = new Float32Array(m * k + k * n + m * n).fill(0);
    values.forEach((value, row) => {
      memory[row * k] = value;
    });
    memory.fill(1, m * k, m * k + n);
    const after = runGemm({
      ...{ instructionSet: "avx512", threads: 1, m, n, k, memory, scale: 1 },
      ...{ isAccumulating: false, precision: "bf16" },
      a: { offset: 0, rowStride: k, columnStride: 1 },
      b: { offset: m * k, rowStride: n, columnStride: 1 },
      c: { offset: m * k + k * n, stride: n },
    });
    const firstColumn = values.map((_, row) => after[m * k + k * n + row * n]);
    expect(firstColumn).toEqual([1, 1 + 2 ** -6, Number.NaN, Number.POSITIVE_INFINITY]);
  },
);

test.each(SETS)("an engine of %s trains in bf16 only where it has instructions for it", (instructionSet) => {
  const precisionOf = (options: EngineOptions) => {
    const engine = createEngine({ threads: 1, instructionSet, ...options });
    engine.close();
    return engine.precision;
  };
  expect(precisionOf({ precision: "f32" })).toBe("f32");
  expect(precisionOf({ precision: "bf16" })).toBe(hasBf16(instructionSet) ? "bf16" : "f32");
  // Where there is a choice, a trial makes it: native/bench/kernels.mjs shows what there is to gain.
  expect(hasBf16(instructionSet) ? ["f32", "bf16"] : ["f32"]).toContain(precisionOf({}));
});

test("bandwidth is measured", () => {
  const bandwidth = readBandwidth({ instructionSet: "scalar", threads: 1, bytes: 1 << 20 });
  expect(bandwidth).toBeGreaterThan(1e8);
  expect(bandwidth).toBeLessThan(1e13);
});

describe("the pool of workers", () => {
  test.each([1, 2, 3, 8])("runs every task once and one lane at a time, with %i threads", (threads) => {
    expect(poolExercises.twoLanes({ threads, loops: 300, tasks: 7 })).toEqual({
      tasksRun: 4200,
      wrongSums: 0,
      overlaps: 0,
    });
  });

  test.each([1, 2, 4])(
    "hands an exception of a task to the caller and goes on, with %i threads",
    (threads) => {
      for (const failing of [0, 1, 40]) {
        expectEngineError(() => poolExercises.throwing({ threads, tasks: 41, failing }), "state");
      }
    },
  );

  test("ends with workers that spin, sleep or have hardly begun", () => {
    expect(poolExercises.restarts({ threads: 3, times: 60 })).toBe(60);
  });

  // 5 % is meant. On a busy machine a loop may be interrupted, or a wake-up come late: more or less then.
  test.each([50, 500])(
    "leaves training a small share while a Generation runs, in loops of %i us",
    (microseconds) => {
      const share = poolExercises.trainShare({ threads: 2, microseconds });
      expect(share).toBeGreaterThan(0.002);
      expect(share).toBeLessThan(0.3);
    },
  );

  test("refuses no threads at all", () => {
    expectEngineError(() => poolExercises.restarts({ threads: 0, times: 1 }), "argument");
  });
});
