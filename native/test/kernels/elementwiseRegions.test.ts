import { describe, test } from "vitest";
import { instructionSets } from "../../lib/kernels.js";
import { type Case, check, doubles, LENGTHS, type Random, sum } from "./elementwiseCase.js";
import * as plain from "./elementwiseReference.js";
import { randomNumbers } from "./kernelCall.js";

const EPSILON = 1e-5;
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

describe.each(instructionSets())("element-wise kernels of regions, of %s", (instructionSet) => {
  test.each(Object.entries(REGIONS))("%s is right for every width", (kernel, { isHeads, of }) => {
    const widths = isHeads ? [64, 128] : LENGTHS.slice(1);
    for (const n of widths) check(instructionSet, kernel, n, of(n, randomNumbers(n)));
  });
});
