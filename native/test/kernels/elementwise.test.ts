import { describe, expect, test } from "vitest";
import { instructionSets } from "../../lib/kernels.js";
import { type Case, check, doubles, LENGTHS, type Random, sum } from "./elementwiseCase.js";
import * as plain from "./elementwiseReference.js";
import { type ArraysCall, callWithArrays, randomNumbers, worstError } from "./kernelCall.js";

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

describe.each(instructionSets())("element-wise kernels of %s", (instructionSet) => {
  test.each(Object.entries(VECTORS))("%s is right for every length", (kernel, of) => {
    for (const n of LENGTHS) {
      const c = of(n, randomNumbers(n + 1));
      if (c) check(instructionSet, kernel, n, c);
    }
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
