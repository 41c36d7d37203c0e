/**
 * Reverse-mode differentiation in float64 over plain matrices: slow, small, and obviously right.
 * It shares no code and no derivation with the engine: RWKV-7 is written with these primitives only (model.ts), so
 * its gradients follow from the chain rule of a dozen short operations. Not a library: only what model.ts needs.
 */

import { item } from "./arrays.js";

/** [rows, columns], row-major. Leaves hold parameters; the others come from operations of one Tape. */
export interface Variable {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float64Array;
  /** Allocated by the first contribution; absent = zeros. */
  gradient?: Float64Array;
}

export function variable(rows: number, columns: number, data?: Float64Array): Variable {
  return { rows, columns, data: data ?? new Float64Array(rows * columns) };
}

export function gradientOf(x: Variable): Float64Array {
  x.gradient ??= new Float64Array(x.data.length);
  return x.gradient;
}

/** Records operations so that `backward` can replay them in reverse. One forward pass per Tape. */
export class Tape {
  readonly #recording: boolean;
  readonly #steps: (() => void)[] = [];

  constructor(options: { readonly recording: boolean }) {
    this.#recording = options.recording;
  }

  #record(output: Variable, backward: (dy: Float64Array) => void): Variable {
    // An output that nothing used has no gradient, and hands none on.
    if (this.#recording) this.#steps.push(() => output.gradient && backward(output.gradient));
    return output;
  }

  /** d root / d everything recorded; root is [1,1]. */
  backward(root: Variable): void {
    gradientOf(root).fill(1);
    for (const step of this.#steps.reverse()) step();
  }

  /** y = x Wᵀ. x [T,in], W [out,in] */
  linear(x: Variable, w: Variable): Variable {
    const y = variable(x.rows, w.rows);
    const n = x.columns;
    for (let t = 0; t < x.rows; t++)
      for (let o = 0; o < w.rows; o++) {
        let sum = 0;
        for (let i = 0; i < n; i++) sum += at(x.data, t * n + i) * at(w.data, o * n + i);
        y.data[t * w.rows + o] = sum;
      }
    return this.#record(y, (dy) => {
      const dx = gradientOf(x);
      const dw = gradientOf(w);
      for (let t = 0; t < x.rows; t++)
        for (let o = 0; o < w.rows; o++) {
          const d = at(dy, t * w.rows + o);
          if (d === 0) continue;
          for (let i = 0; i < n; i++) {
            accumulate(dx, t * n + i, d * at(w.data, o * n + i));
            accumulate(dw, o * n + i, d * at(x.data, t * n + i));
          }
        }
    });
  }

  /** y = x W. x [T,a], W [a,b] */
  matmul(x: Variable, w: Variable): Variable {
    return this.linear(x, this.transpose(w));
  }

  transpose(x: Variable): Variable {
    const y = variable(x.columns, x.rows);
    for (let r = 0; r < x.rows; r++)
      for (let c = 0; c < x.columns; c++) y.data[c * x.rows + r] = at(x.data, r * x.columns + c);
    return this.#record(y, (dy) => {
      const dx = gradientOf(x);
      for (let r = 0; r < x.rows; r++)
        for (let c = 0; c < x.columns; c++) accumulate(dx, r * x.columns + c, at(dy, c * x.rows + r));
    });
  }

  /** a + sign b; b is of a's shape, or one row [1,C] for every row of a. */
  #sum(a: Variable, b: Variable, sign: 1 | -1): Variable {
    const period = periodOf(a, b);
    const y = variable(a.rows, a.columns);
    for (let i = 0; i < y.data.length; i++) y.data[i] = at(a.data, i) + sign * at(b.data, i % period);
    return this.#record(y, (dy) => {
      const da = gradientOf(a);
      const db = gradientOf(b);
      for (let i = 0; i < dy.length; i++) {
        accumulate(da, i, at(dy, i));
        accumulate(db, i % period, sign * at(dy, i));
      }
    });
  }
  add(a: Variable, b: Variable): Variable {
    return this.#sum(a, b, 1);
  }
  subtract(a: Variable, b: Variable): Variable {
    return this.#sum(a, b, -1);
  }

  /** Element-wise a b; b as in a sum. */
  multiply(a: Variable, b: Variable): Variable {
    const period = periodOf(a, b);
    const y = variable(a.rows, a.columns);
    for (let i = 0; i < y.data.length; i++) y.data[i] = at(a.data, i) * at(b.data, i % period);
    return this.#record(y, (dy) => {
      const da = gradientOf(a);
      const db = gradientOf(b);
      for (let i = 0; i < dy.length; i++) {
        accumulate(da, i, at(dy, i) * at(b.data, i % period));
        accumulate(db, i % period, at(dy, i) * at(a.data, i));
      }
    });
  }

  /** Element-wise y = f(x); `slope` is dy/dx from x and y. */
  map(x: Variable, f: (x: number) => number, slope: (x: number, y: number) => number): Variable {
    const y = variable(x.rows, x.columns, x.data.map(f));
    return this.#record(y, (dy) => {
      const dx = gradientOf(x);
      for (let i = 0; i < dy.length; i++) accumulate(dx, i, at(dy, i) * slope(at(x.data, i), at(y.data, i)));
    });
  }
  scale(x: Variable, factor: number): Variable {
    return this.map(
      x,
      (v) => v * factor,
      () => factor,
    );
  }
  sigmoid(x: Variable): Variable {
    return this.map(
      x,
      (v) => 1 / (1 + Math.exp(-v)),
      (_x, y) => y * (1 - y),
    );
  }
  tanh(x: Variable): Variable {
    return this.map(x, Math.tanh, (_x, y) => 1 - y * y);
  }
  exp(x: Variable): Variable {
    return this.map(x, Math.exp, (_x, y) => y);
  }
  squaredRelu(x: Variable): Variable {
    return this.map(
      x,
      (v) => Math.max(v, 0) ** 2,
      (v) => 2 * Math.max(v, 0),
    );
  }

  /** Every group of `size` neighbours to mean 0 and variance 1: (x - mean) / sqrt(variance + epsilon), biased. */
  normalize(x: Variable, size: number, epsilon: number): Variable {
    const y = variable(x.rows, x.columns);
    const inverse = new Float64Array(x.data.length / size);
    for (let g = 0; g < inverse.length; g++) {
      const from = x.data.subarray(g * size, (g + 1) * size);
      const mean = from.reduce((sum, v) => sum + v, 0) / size;
      const variance = from.reduce((sum, v) => sum + (v - mean) ** 2, 0) / size;
      inverse[g] = 1 / Math.sqrt(variance + epsilon);
      for (let i = 0; i < size; i++) y.data[g * size + i] = (at(from, i) - mean) * at(inverse, g);
    }
    return this.#record(y, (dy) => {
      const dx = gradientOf(x);
      for (let g = 0; g < inverse.length; g++) {
        let meanDy = 0;
        let meanDyY = 0;
        for (let i = g * size; i < (g + 1) * size; i++) {
          meanDy += at(dy, i) / size;
          meanDyY += (at(dy, i) * at(y.data, i)) / size;
        }
        for (let i = g * size; i < (g + 1) * size; i++)
          accumulate(dx, i, at(inverse, g) * (at(dy, i) - meanDy - at(y.data, i) * meanDyY));
      }
    });
  }

  /** Each entry replaced by the sum of its group of `size` neighbours. Its own transpose, so its own backward. */
  spreadSums(x: Variable, size: number): Variable {
    const spread = (from: Float64Array, to: Float64Array) => {
      for (let g = 0; g < from.length; g += size) {
        let sum = 0;
        for (let i = g; i < g + size; i++) sum += at(from, i);
        for (let i = g; i < g + size; i++) accumulate(to, i, sum);
      }
    };
    const y = variable(x.rows, x.columns);
    spread(x.data, y.data);
    return this.#record(y, (dy) => spread(dy, gradientOf(x)));
  }

  /** x of each group of `size` divided by max(its norm, floor). */
  unit(x: Variable, size: number, floor: number): Variable {
    const squares = this.spreadSums(this.multiply(x, x), size);
    const inverse = this.map(
      squares,
      (s) => 1 / Math.max(Math.sqrt(s), floor),
      (s, y) => (Math.sqrt(s) > floor ? -0.5 * y * y * y : 0),
    );
    return this.multiply(x, inverse);
  }

  /** Rows of a table, by index. */
  gather(table: Variable, indices: ArrayLike<number>): Variable {
    const n = table.columns;
    const y = variable(indices.length, n);
    for (let t = 0; t < indices.length; t++)
      y.data.set(table.data.subarray(item(indices, t) * n, (item(indices, t) + 1) * n), t * n);
    return this.#record(y, (dy) => {
      const d = gradientOf(table);
      for (let t = 0; t < indices.length; t++)
        for (let i = 0; i < n; i++) accumulate(d, item(indices, t) * n + i, at(dy, t * n + i));
    });
  }

  /** Rows on top of each other, all of one width. */
  stack(parts: readonly Variable[]): Variable {
    const columns = parts[0]?.columns ?? 0;
    const y = variable(
      parts.reduce((rows, part) => rows + part.rows, 0),
      columns,
    );
    const starts: number[] = [];
    let offset = 0;
    for (const part of parts) {
      starts.push(offset);
      y.data.set(part.data, offset);
      offset += part.data.length;
    }
    return this.#record(y, (dy) => {
      parts.forEach((part, p) => {
        const d = gradientOf(part);
        for (let i = 0; i < d.length; i++) accumulate(d, i, at(dy, item(starts, p) + i));
      });
    });
  }

  /** Rows [from, to). */
  slice(x: Variable, from: number, to: number): Variable {
    const n = x.columns;
    const y = variable(to - from, n, x.data.slice(from * n, to * n));
    return this.#record(y, (dy) => {
      const dx = gradientOf(x);
      for (let i = 0; i < dy.length; i++) accumulate(dx, from * n + i, at(dy, i));
    });
  }

  // Heads. S is [D,N]: row h N + i belongs to head h and value channel i; a vector [1,D] is read as H parts of N.

  /** y[h N + i] = sum over j of S[h N + i, j] x[h N + j]. */
  applyHeads(s: Variable, x: Variable): Variable {
    const n = s.columns;
    const y = variable(1, s.rows);
    for (let row = 0; row < s.rows; row++) {
      const head = row - (row % n);
      for (let j = 0; j < n; j++) accumulate(y.data, row, at(s.data, row * n + j) * at(x.data, head + j));
    }
    return this.#record(y, (dy) => {
      const ds = gradientOf(s);
      const dx = gradientOf(x);
      for (let row = 0; row < s.rows; row++) {
        const head = row - (row % n);
        for (let j = 0; j < n; j++) {
          accumulate(ds, row * n + j, at(dy, row) * at(x.data, head + j));
          accumulate(dx, head + j, at(dy, row) * at(s.data, row * n + j));
        }
      }
    });
  }

  /** [D,N] with entry (h N + i, j) = v[h N + i] k[h N + j]. */
  outerHeads(v: Variable, k: Variable, n: number): Variable {
    const y = variable(v.columns, n);
    for (let row = 0; row < y.rows; row++) {
      const head = row - (row % n);
      for (let j = 0; j < n; j++) y.data[row * n + j] = at(v.data, row) * at(k.data, head + j);
    }
    return this.#record(y, (dy) => {
      const dv = gradientOf(v);
      const dk = gradientOf(k);
      for (let row = 0; row < y.rows; row++) {
        const head = row - (row % n);
        for (let j = 0; j < n; j++) {
          accumulate(dv, row, at(dy, row * n + j) * at(k.data, head + j));
          accumulate(dk, head + j, at(dy, row * n + j) * at(v.data, row));
        }
      }
    });
  }

  /** S[h N + i, j] d[h N + j]. */
  scaleColumns(s: Variable, d: Variable): Variable {
    const n = s.columns;
    const y = variable(s.rows, n);
    for (let row = 0; row < s.rows; row++) {
      const head = row - (row % n);
      for (let j = 0; j < n; j++) y.data[row * n + j] = at(s.data, row * n + j) * at(d.data, head + j);
    }
    return this.#record(y, (dy) => {
      const ds = gradientOf(s);
      const dd = gradientOf(d);
      for (let row = 0; row < s.rows; row++) {
        const head = row - (row % n);
        for (let j = 0; j < n; j++) {
          accumulate(ds, row * n + j, at(dy, row * n + j) * at(d.data, head + j));
          accumulate(dd, head + j, at(dy, row * n + j) * at(s.data, row * n + j));
        }
      }
    });
  }

  /**
   * Sum of cross-entropies times `weight`, [1,1]; labels below 0 are skipped. With `l2wrap`, the gradient (not the
   * value) of every row's arg-max entry gets l2wrap times that entry more.
   */
  crossEntropy(
    logits: Variable,
    options: { readonly labels: ArrayLike<number>; readonly weight: number; readonly l2wrap: number },
  ): Variable {
    const n = logits.columns;
    const loss = variable(1, 1);
    const rows = Array.from({ length: logits.rows }, (_, t) => logits.data.subarray(t * n, (t + 1) * n));
    rows.forEach((row, t) => {
      const label = item(options.labels, t);
      if (label >= 0) accumulate(loss.data, 0, options.weight * (logSumExp(row) - at(row, label)));
    });
    return this.#record(loss, (dy) => {
      const d = gradientOf(logits);
      rows.forEach((row, t) => {
        const best = row.indexOf(Math.max(...row));
        accumulate(d, t * n + best, at(dy, 0) * options.l2wrap * at(row, best));
        const label = item(options.labels, t);
        if (label < 0) return;
        const total = logSumExp(row);
        for (let i = 0; i < n; i++)
          accumulate(d, t * n + i, at(dy, 0) * options.weight * Math.exp(at(row, i) - total));
        accumulate(d, t * n + label, -at(dy, 0) * options.weight);
      });
    });
  }
}

export function logSumExp(row: Float64Array): number {
  const top = Math.max(...row);
  return top + Math.log(row.reduce((sum, x) => sum + Math.exp(x - top), 0));
}

/** How many entries of b there are before they repeat along a. */
function periodOf(a: Variable, b: Variable): number {
  if (a.columns !== b.columns || a.rows % b.rows !== 0) throw new Error("shapes differ");
  return b.data.length;
}

// For the inner loops: of one array type and in this file, so that they compile to a bounds check and an access.

function at(data: Float64Array, index: number): number {
  const value = data[index];
  if (value === undefined) throw new RangeError(`entry ${index} of ${data.length}`);
  return value;
}

function accumulate(data: Float64Array, index: number, value: number): void {
  data[index] = at(data, index) + value;
}
