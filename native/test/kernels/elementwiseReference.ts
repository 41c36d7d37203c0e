/**
 * What each element-wise kernel computes, written plainly in double (equations: native/MODEL.md).
 *
 * Forward kernels as functions of whole [rows, columns] arrays without gaps; gradients come from these by finite
 * differences, so that nothing here repeats the derivations that the kernels are made of.
 */

export type Arrays = readonly Float64Array[];
/** Inputs to outputs; must not change its inputs. */
export type Forward = (inputs: Arrays, columns: number) => Float64Array[];

const HEAD = 64;

const at = (array: ArrayLike<number> | undefined, index: number): number => array?.[index] ?? Number.NaN;
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** One output of the first input's size, element by element. */
function elementwise(value: (e: number, column: number, inputs: Arrays) => number): Forward {
  return (inputs, columns) => [
    Float64Array.from({ length: inputs[0]?.length ?? 0 }, (_, e) => value(e, e % columns, inputs)),
  ];
}

export const tanh = elementwise((e, _column, [y]) => Math.tanh(at(y, e)));
export const logistic = elementwise((e, _column, [y]) => sigmoid(at(y, e)));
export const sigmoidBias = elementwise((e, column, [y, bias]) => sigmoid(at(y, e) + at(bias, column)));
export const decay = elementwise((e, _column, [s]) => Math.exp(-Math.exp(-0.5) * at(s, e)));
export const valueResidual = elementwise(
  (e, _column, [v0, first, s]) => at(v0, e) + (at(first, e) - at(v0, e)) * at(s, e),
);

/** positive, squared */
export const reluSquared: Forward = ([x]) => {
  const positive = Float64Array.from(x ?? [], (value) => Math.max(value, 0));
  return [positive, positive.map((value) => value * value)];
};

/** y of x, weight, bias */
export function layerNorm(epsilon: number): Forward {
  return ([x, weight, bias], columns) => {
    const { mean, rstd } = moments(x, columns, epsilon);
    const value = (e: number) => {
      const row = Math.floor(e / columns);
      return (at(x, e) - at(mean, row)) * at(rstd, row) * at(weight, e % columns) + at(bias, e % columns);
    };
    return [Float64Array.from({ length: x?.length ?? 0 }, (_, e) => value(e)), mean, rstd];
  };
}

function moments(x: Float64Array | undefined, columns: number, epsilon: number) {
  const rows = (x?.length ?? 0) / columns;
  const mean = new Float64Array(rows);
  const rstd = new Float64Array(rows);
  for (let row = 0; row < rows; row += 1) {
    const values = [...(x?.subarray(row * columns, (row + 1) * columns) ?? [])];
    const mu = values.reduce((sum, value) => sum + value, 0) / columns;
    const variance = values.reduce((sum, value) => sum + (value - mu) ** 2, 0) / columns;
    mean[row] = mu;
    rstd[row] = 1 / Math.sqrt(variance + epsilon);
  }
  return { mean, rstd };
}

/** One output per mix, of h, previous, mix 0, mix 1, ... */
export const tokenShift: Forward = ([h, previous, ...mixes], columns) =>
  mixes.map((mix) =>
    Float64Array.from({ length: h?.length ?? 0 }, (_, e) => {
      const before = e < columns ? at(previous, e) : at(h, e - columns);
      return at(h, e) + (before - at(h, e)) * at(mix, e % columns);
    }),
  );

/** minus_kk, b, k, inverse_norm of k0, a, k_k, k_a */
export const key: Forward = ([k0, a, kK, kA], columns) => {
  const size = k0?.length ?? 0;
  const inverse = new Float64Array(size / HEAD);
  for (let head = 0; head < inverse.length; head += 1) {
    let squares = 0;
    for (let e = head * HEAD; e < (head + 1) * HEAD; e += 1)
      squares += (at(k0, e) * at(kK, e % columns)) ** 2;
    inverse[head] = 1 / Math.max(Math.sqrt(squares), 1e-12);
  }
  const kk = (e: number) => at(k0, e) * at(kK, e % columns) * at(inverse, Math.floor(e / HEAD));
  const map = (value: (e: number) => number) => Float64Array.from({ length: size }, (_, e) => value(e));
  return [
    map((e) => -kk(e)),
    map((e) => kk(e) * at(a, e)),
    map((e) => at(k0, e) * (1 + (at(a, e) - 1) * at(kA, e % columns))),
    inverse,
  ];
};

/** o, z, mean, rstd, bonus of y, r, k, v, g, weight, bias, r_k */
export const headOutput: Forward = ([y, r, k, v, g, weight, bias, rK], columns) => {
  const { mean, rstd } = moments(y, HEAD, 64e-5);
  const bonus = mean.map((_, head) => {
    let sum = 0;
    for (let e = head * HEAD; e < (head + 1) * HEAD; e += 1) sum += at(r, e) * at(k, e) * at(rK, e % columns);
    return sum;
  });
  const o = Float64Array.from({ length: y?.length ?? 0 }, (_, e) => {
    const head = Math.floor(e / HEAD);
    const normed = (at(y, e) - at(mean, head)) * at(rstd, head);
    return normed * at(weight, e % columns) + at(bias, e % columns) + at(bonus, head) * at(v, e);
  });
  return [o, o.map((value, e) => value * at(g, e)), mean, rstd, bonus];
};

/** Gradients of sum_i <outputs[i], weights[i]> for every input; outputs without weights do not count. */
export function gradients(
  forward: Forward,
  inputs: Arrays,
  weights: Arrays,
  columns: number,
): Float64Array[] {
  const loss = () =>
    forward(inputs, columns).reduce(
      (sum, output, i) =>
        sum + (weights[i]?.reduce((dot, weight, e) => dot + weight * at(output, e), 0) ?? 0),
      0,
    );
  const step = 1e-5;
  return inputs.map((input) =>
    input.map((value, e) => {
      input[e] = value + step;
      const above = loss();
      input[e] = value - step;
      const below = loss();
      input[e] = value;
      return (above - below) / (2 * step);
    }),
  );
}
