import { describe, expect, test } from "vitest";
import { instructionSets } from "../lib/kernels.js";
import type { InstructionSet } from "../lib/types.js";
import * as plain from "./elementwiseReference.js";
import { type ArraysCall, callWithArrays, randomNumbers, worstError } from "./kernelCall.js";

/** 0 ... 2 widths + 1 of the widest vector. */
const LENGTHS = Array.from({ length: 34 }, (_, n) => n);
const TOLERANCE = 2e-5;
const EPSILON = 1e-5;

interface Case {
  readonly arrays: readonly (ArrayLike<number> | null)[];
  readonly sizes: readonly number[];
  readonly scalars?: readonly number[];
  /** What each array holds afterwards; undefined where it must be untouched. */
  readonly after: readonly (ArrayLike<number> | undefined)[];
  readonly results?: readonly number[];
}
type Random = ReturnType<typeof randomNumbers>;

function check(instructionSet: InstructionSet, kernel: string, n: number, c: Case) {
  const call: ArraysCall = { instructionSet, kernel, ...c, shift: (5 * n) % 16 };
  const actual = callWithArrays(call);
  actual.arrays.forEach((array, i) => {
    const expected = c.after[i] ?? Float32Array.from(c.arrays[i] ?? []);
    const bound = c.after[i] === undefined ? 0 : TOLERANCE;
    expect(worstError(array, expected), `array ${i} of ${kernel} for ${n}`).toBeLessThanOrEqual(bound);
  });
  expect(worstError(actual.results, c.results ?? []), `result of ${kernel} for ${n}`).toBeLessThan(TOLERANCE);
}

const doubles = (array: ArrayLike<number>) => Float64Array.from(array);
const sum = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Float64Array.from(a, (x, i) => x + (b[i] ?? Number.NaN));
const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a, (x, i) => x * (b[i] ?? Number.NaN)).reduce((total, x) => total + x, 0);
const logSumExp = (x: ArrayLike<number>) =>
  Math.log(Array.from(x, Math.exp).reduce((total, p) => total + p, 0));

/** Kernels of n floats. */
const VECTORS: Readonly<Record<string, (n: number, random: Random) => Case | undefined>> = {
  dot(n, random) {
    const [a, b] = [random(n), random(n)];
    return { arrays: [a, b], sizes: [n], after: [], results: [dot(a, b)] };
  },
  add_scaled(n, random) {
    const [y, x] = [random(n), random(n)];
    return {
      arrays: [y, x],
      sizes: [n],
      scalars: [-1.5],
      after: [
        sum(
          y,
          x.map((value) => -1.5 * value),
        ),
      ],
    };
  },
  sum_of_squares(n, random) {
    const x = random(n < 30 ? n : 100 * n); // several of its blocks
    return { arrays: [x], sizes: [x.length], after: [], results: [dot(x, x)] };
  },
  tanh(n, random) {
    const y = random(n, 6);
    return { arrays: [y], sizes: [n], after: plain.tanh([doubles(y)], n) };
  },
  tanh_backward(n, random) {
    const [dy, y] = [random(n), random(n)];
    return { arrays: [dy, y], sizes: [n], after: [dy.map((d, i) => d * (1 - (y[i] ?? 0) ** 2))] };
  },
  sigmoid(n, random) {
    const y = random(n, 30);
    return { arrays: [y], sizes: [n], after: plain.logistic([doubles(y)], n) };
  },
  sigmoid_backward(n, random) {
    const [dy, x] = [random(n), random(n, 3)];
    const [y = new Float64Array()] = plain.logistic([doubles(x)], n);
    return {
      arrays: [dy, y],
      sizes: [n],
      after: plain.gradients(plain.logistic, [doubles(x)], [doubles(dy)], n),
    };
  },
  relu_squared(n, random) {
    const x = random(n);
    return { arrays: [x, new Float32Array(n)], sizes: [n], after: plain.reluSquared([doubles(x)], n) };
  },
  relu_squared_backward(n, random) {
    const [dsquared, x] = [random(n), random(n)];
    const [positive = new Float64Array()] = plain.reluSquared([doubles(x)], n);
    const none = new Float64Array(n);
    const after = plain.gradients(plain.reluSquared, [doubles(x)], [none, doubles(dsquared)], n);
    return { arrays: [dsquared, positive], sizes: [n], after };
  },
  softmax_statistics(n, random) {
    if (n === 0) return undefined;
    const logits = random(n, 20);
    if (n > 8) logits[n - 1] = logits[3] = 30; // a tie: the first one counts
    const maximum = Math.max(...logits);
    return {
      arrays: [logits],
      sizes: [n],
      after: [],
      results: [maximum, logSumExp(logits), logits.indexOf(maximum)],
    };
  },
  softmax_scaled(n, random) {
    const logits = random(n, 20);
    const total = Math.fround(logSumExp(logits) || 0);
    const after = [undefined, undefined];
    const expected = Float64Array.from(logits, (x) => 0.5 * Math.exp(x - total));
    return {
      arrays: [new Float32Array(n), logits],
      sizes: [n],
      scalars: [total, 0.5],
      after: [expected, ...after],
    };
  },
  kl_divergence(n, random) {
    if (n === 0) return undefined;
    const [p, q] = [random(n, 5), random(n, 5)];
    const [ofP, ofQ] = [Math.fround(logSumExp(p)), Math.fround(logSumExp(q))];
    const terms = Array.from(p, (x, i) => Math.exp(x - ofP) * (x - ofP - ((q[i] ?? 0) - ofQ)));
    const result = terms.reduce((total, term) => total + term, 0);
    return { arrays: [p, q], sizes: [n], scalars: [ofP, ofQ], after: [], results: [result] };
  },
  adamw(n, random) {
    const [parameter, m, v, gradient] = [random(n), random(n, 0.1), random(n, 0.1).map(Math.abs), random(n)];
    const scalars = [0.5, 0.9, 0.99, 1e-8, 1e-2, 1.7, 2.3, 1e-3].map(Math.fround);
    const [scale = 0, beta1 = 0, beta2 = 0, epsilon = 0, rate = 0, correct1 = 0, correct2 = 0, decay = 0] =
      scalars;
    const newM = Float64Array.from(m, (x, i) => beta1 * x + (1 - beta1) * scale * (gradient[i] ?? 0));
    const newV = Float64Array.from(v, (x, i) => beta2 * x + (1 - beta2) * (scale * (gradient[i] ?? 0)) ** 2);
    const step = (i: number) =>
      (rate * (newM[i] ?? 0) * correct1) / (Math.sqrt((newV[i] ?? 0) * correct2) + epsilon);
    const moved = Float64Array.from(parameter, (x, i) => x * (1 - decay) - step(i));
    return { arrays: [parameter, m, v, gradient], sizes: [n], scalars, after: [moved, newM, newV] };
  },
};

const ROWS = 3;
const GAP = 2;

/** A [ROWS, columns] array in rows that are GAP floats longer, the gaps being 77. */
function strided(array: ArrayLike<number>, columns: number): Float32Array {
  const rows = new Float32Array(ROWS * (columns + GAP)).fill(77);
  for (let e = 0; e < array.length; e += 1) {
    rows[Math.floor(e / columns) * (columns + GAP) + (e % columns)] = array[e] ?? Number.NaN;
  }
  return rows;
}

/** Kernels of regions; `columns` of whole heads where `isHeads`. */
const REGIONS: Readonly<
  Record<string, { readonly isHeads?: true; readonly of: (columns: number, random: Random) => Case }>
> = {
  layer_norm: {
    of(n, random) {
      const [x, weight, bias] = [random(ROWS * n), random(n), random(n)];
      const [y = [], mean, rstd] = plain.layerNorm(EPSILON)([x, weight, bias].map(doubles), n);
      return {
        arrays: [
          strided(y, n).fill(77),
          new Float32Array(ROWS),
          new Float32Array(ROWS),
          strided(x, n),
          weight,
          bias,
        ],
        sizes: [ROWS, n, n + GAP],
        scalars: [EPSILON],
        after: [strided(y, n), mean, rstd],
      };
    },
  },
  layer_norm_backward: {
    of(n, random) {
      const [dx, dy, x, weight] = [random(ROWS * n), random(ROWS * n), random(ROWS * n), random(n)];
      const inputs = [x, weight, random(n)].map(doubles);
      const forward = plain.layerNorm(EPSILON);
      const [, mean = [], rstd = []] = forward(inputs, n);
      const [gradient = []] = plain.gradients(forward, inputs, [doubles(dy)], n);
      return {
        arrays: [strided(dx, n), strided(dy, n), strided(x, n), weight, mean, rstd],
        sizes: [ROWS, n, n + GAP],
        after: [strided(sum(dx, gradient), n)],
      };
    },
  },
  layer_norm_backward_parameters: {
    of(n, random) {
      const [dweight, dbias, dy, x] = [random(n), random(n), random(ROWS * n), random(ROWS * n)];
      const inputs = [x, random(n), random(n)].map(doubles);
      const forward = plain.layerNorm(EPSILON);
      const [, mean = [], rstd = []] = forward(inputs, n);
      const [, ofWeight = [], ofBias = []] = plain.gradients(forward, inputs, [doubles(dy)], n);
      return {
        arrays: [dweight, dbias, strided(dy, n), strided(x, n), mean, rstd],
        sizes: [ROWS, n, n + GAP],
        after: [sum(dweight, ofWeight), sum(dbias, ofBias)],
      };
    },
  },
  token_shift: {
    of(n, random) {
      const [h, previous, mix0, mix1] = [random(ROWS * n), random(n), random(n), random(n)];
      const [out0 = [], out1 = []] = plain.tokenShift([h, previous, mix0, mix1].map(doubles), n);
      const blank = () => strided([], n);
      return {
        arrays: [strided(h, n), previous, mix0, blank(), mix1, blank()],
        sizes: [ROWS, n, n + GAP, 2],
        after: [undefined, undefined, undefined, strided(out0, n), undefined, strided(out1, n)],
      };
    },
  },
  token_shift_backward: {
    of(n, random) {
      const inputs = [random(ROWS * n), random(n), random(n), random(n)];
      const [h = [], previous = [], mix0 = [], mix1 = []] = inputs;
      const [dh, dprevious, dmix0, dout0, dout1] = [
        random(ROWS * n),
        random(n),
        random(n),
        random(ROWS * n),
        random(ROWS * n),
      ];
      const douts = [doubles(dout0), doubles(dout1)];
      const [ofH = [], ofPrevious = [], ofMix0 = []] = plain.gradients(
        plain.tokenShift,
        inputs.map(doubles),
        douts,
        n,
      );
      return {
        // The second mix is frozen.
        arrays: [
          strided(dh, n),
          dprevious,
          strided(h, n),
          previous,
          dmix0,
          strided(dout0, n),
          mix0,
          null,
          strided(dout1, n),
          mix1,
        ],
        sizes: [ROWS, n, n + GAP, 2],
        after: [
          strided(sum(dh, ofH), n),
          sum(dprevious, ofPrevious),
          undefined,
          undefined,
          sum(dmix0, ofMix0),
        ],
      };
    },
  },
  sigmoid_bias: {
    of(n, random) {
      const [y, bias] = [random(ROWS * n, 4), random(n)];
      const [after = []] = plain.sigmoidBias([y, bias].map(doubles), n);
      return { arrays: [strided(y, n), bias], sizes: [ROWS, n, n + GAP], after: [strided(after, n)] };
    },
  },
  sigmoid_bias_backward: {
    of(n, random) {
      const inputs = [random(ROWS * n, 4), random(n)].map(doubles);
      const [dy, dbias] = [random(ROWS * n), random(n)];
      const [y = []] = plain.sigmoidBias(inputs, n);
      const [ofY = [], ofBias = []] = plain.gradients(plain.sigmoidBias, inputs, [doubles(dy)], n);
      return {
        arrays: [strided(dy, n), dbias, strided(y, n)],
        sizes: [ROWS, n, n + GAP],
        after: [strided(ofY, n), sum(dbias, ofBias)],
      };
    },
  },
  decay: {
    of(n, random) {
      const s = random(ROWS * n).map(Math.abs);
      const [d = []] = plain.decay([doubles(s)], n);
      return { arrays: [strided([], n), strided(s, n)], sizes: [ROWS, n, n + GAP], after: [strided(d, n)] };
    },
  },
  decay_backward: {
    of(n, random) {
      const [dd, s] = [random(ROWS * n), random(ROWS * n).map(Math.abs)];
      const [d = []] = plain.decay([doubles(s)], n);
      const [ds = []] = plain.gradients(plain.decay, [doubles(s)], [doubles(dd)], n);
      return {
        arrays: [strided([], n), strided(dd, n), strided(d, n)],
        sizes: [ROWS, n, n + GAP],
        after: [strided(ds, n)],
      };
    },
  },
  value_residual: {
    of(n, random) {
      const inputs = [random(ROWS * n), random(ROWS * n), random(ROWS * n)];
      const [v = []] = plain.valueResidual(inputs.map(doubles), n);
      return {
        arrays: [strided([], n), ...inputs.map((input) => strided(input, n))],
        sizes: [ROWS, n, n + GAP],
        after: [strided(v, n)],
      };
    },
  },
  value_residual_backward: {
    of(n, random) {
      const inputs = [random(ROWS * n), random(ROWS * n), random(ROWS * n)];
      const [dfirst, dv] = [random(ROWS * n), random(ROWS * n)];
      const found = plain.gradients(plain.valueResidual, inputs.map(doubles), [doubles(dv)], n);
      const [ofV0 = [], ofFirst = [], ofS = []] = found;
      return {
        arrays: [
          strided([], n),
          strided(dfirst, n),
          strided([], n),
          ...[dv, ...inputs].map((x) => strided(x, n)),
        ],
        sizes: [ROWS, n, n + GAP],
        after: [strided(ofV0, n), strided(sum(dfirst, ofFirst), n), strided(ofS, n)],
      };
    },
  },
  key: {
    isHeads: true,
    of(n, random) {
      const [k0, a, kK, kA] = [random(ROWS * n), random(ROWS * n), random(n), random(n)];
      const [minusKk = [], b = [], k = [], inverse] = plain.key([k0, a, kK, kA].map(doubles), n);
      const blank = () => strided([], n);
      return {
        arrays: [
          blank(),
          blank(),
          blank(),
          new Float32Array((ROWS * n) / 64),
          strided(k0, n),
          strided(a, n),
          kK,
          kA,
        ],
        sizes: [ROWS, n, n + GAP, n / 64],
        after: [strided(minusKk, n), strided(b, n), strided(k, n), inverse],
      };
    },
  },
  key_backward: {
    isHeads: true,
    of(n, random) {
      const inputs = [random(ROWS * n), random(ROWS * n), random(n), random(n)];
      const [k0 = [], a = [], kK = [], kA = []] = inputs;
      const douts = [random(ROWS * n), random(ROWS * n), random(ROWS * n)];
      const [dminusKk = [], db = [], dk = []] = douts;
      const [da, dkK, dkA] = [random(ROWS * n), random(n), random(n)];
      const [minusKk = [], , , inverse = []] = plain.key(inputs.map(doubles), n);
      const found = plain.gradients(plain.key, inputs.map(doubles), douts.map(doubles), n);
      const [ofK0 = [], ofA = [], ofKK = [], ofKA = []] = found;
      const s = (x: ArrayLike<number>) => strided(x, n);
      return {
        arrays: [s([]), s(da), dkK, dkA, s(dminusKk), s(db), s(dk), s(minusKk), inverse, s(k0), s(a), kK, kA],
        sizes: [ROWS, n, n + GAP, n / 64],
        after: [s(ofK0), s(sum(da, ofA)), sum(dkK, ofKK), sum(dkA, ofKA)],
      };
    },
  },
  head_output: {
    isHeads: true,
    of(n, random) {
      const rows = Array.from({ length: 5 }, () => random(ROWS * n));
      const parameters = [random(n), random(n), random(n)];
      const found = plain.headOutput([...rows, ...parameters].map(doubles), n);
      const [o = [], z = [], mean, rstd, bonus] = found;
      const heads = () => new Float32Array((ROWS * n) / 64);
      const s = (x: ArrayLike<number>) => strided(x, n);
      return {
        arrays: [s([]), s([]), heads(), heads(), heads(), ...rows.map(s), ...parameters],
        sizes: [ROWS, n, n + GAP, n / 64],
        after: [s(o), s(z), mean, rstd, bonus],
      };
    },
  },
  head_output_backward: {
    isHeads: true,
    of(n, random) {
      const rows = Array.from({ length: 5 }, () => random(ROWS * n));
      const [weight, bias, rK] = [random(n), random(n), random(n)];
      const inputs = [...rows, weight, bias, rK].map(doubles);
      const [y = [], r = [], k = [], v = [], g = []] = rows;
      const dz = random(ROWS * n);
      const [dweight, dbias, drK] = [random(n), random(n), random(n)];
      const [o = [], , mean = [], rstd = [], bonus = []] = plain.headOutput(inputs, n);
      const none = new Float64Array(ROWS * n);
      const found = plain.gradients(plain.headOutput, inputs, [none, doubles(dz)], n);
      const [ofY = [], ofR = [], ofK = [], ofV = [], ofG = [], ofWeight = [], ofBias = [], ofRK = []] = found;
      const s = (x: ArrayLike<number>) => strided(x, n);
      const blank = Array.from({ length: 5 }, () => s([]));
      return {
        arrays: [
          ...blank,
          dweight,
          dbias,
          drK,
          ...[dz, o, y, r, k, v, g].map(s),
          weight,
          rK,
          mean,
          rstd,
          bonus,
        ],
        sizes: [ROWS, n, n + GAP, n / 64],
        after: [
          ...[ofY, ofR, ofK, ofV, ofG].map(s),
          sum(dweight, ofWeight),
          sum(dbias, ofBias),
          sum(drK, ofRK),
        ],
      };
    },
  },
};

describe.each(instructionSets())("element-wise kernels of %s", (instructionSet) => {
  test.each(Object.entries(VECTORS))("%s is right for every length", (kernel, of) => {
    for (const n of LENGTHS) {
      const c = of(n, randomNumbers(n + 1));
      if (c) check(instructionSet, kernel, n, c);
    }
  });

  test.each(Object.entries(REGIONS))("%s is right for every width", (kernel, { isHeads, of }) => {
    const widths = isHeads ? [64, 128] : LENGTHS.slice(1);
    for (const n of widths) check(instructionSet, kernel, n, of(n, randomNumbers(n)));
  });

  test.each(["exp", "tanh", "sigmoid"])("%s keeps NaN and reaches its limits", (name) => {
    const special = [
      Number.NaN,
      1e30,
      -1e30,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      0,
      -100,
      1e-30,
    ];
    const run = (kernel: string, arrays: ArraysCall["arrays"], scalars: number[]) =>
      callWithArrays({ instructionSet, kernel, arrays, sizes: [special.length], scalars }).arrays[0] ?? [];
    const [actual, plainly] =
      name === "exp"
        ? [run("softmax_scaled", [special, special], [0, 1]), Math.exp]
        : name === "tanh"
          ? [run("tanh", [special], []), Math.tanh]
          : [run("sigmoid", [special], []), (x: number) => 1 / (1 + Math.exp(-x))];
    expect(worstError(actual, Float32Array.from(special, plainly))).toBeLessThan(1e-6);
  });

  test("tanh and sigmoid keep their relative precision where they are small", () => {
    const x = Float32Array.from({ length: 2000 }, (_, i) => 10 ** (-30 + i / 66) * (i % 2 === 0 ? 1 : -1));
    const below = Float32Array.from({ length: 800 }, (_, i) => -i / 10);
    const run = (kernel: string, array: Float32Array) =>
      callWithArrays({ instructionSet, kernel, arrays: [array], sizes: [array.length] }).arrays[0] ?? [];
    const relative = (actual: ArrayLike<number>, expected: number[]) =>
      Math.max(...Array.from(actual, (value, i) => Math.abs(value / (expected[i] ?? Number.NaN) - 1)));
    expect(relative(run("tanh", x), Array.from(x, Math.tanh))).toBeLessThan(5e-7);
    expect(
      relative(
        run("sigmoid", below),
        Array.from(below, (value) => 1 / (1 + Math.exp(-value))),
      ),
    ).toBeLessThan(5e-7);
  });
});
