import { describe, expect, test } from "vitest";
import { instructionSets } from "../../lib/kernels.js";
import type { InstructionSet } from "../../lib/types.js";
import { areSame, callWithArrays, randomNumbers, worstError } from "./kernelCall.js";
import { wkvSpeed } from "./kernelRuns.js";

const N = 64;
const LENGTHS = [0, 1, 15, 16, 17, 33];
const INPUTS = ["r", "d", "k", "v", "a", "b"] as const;
type Input = (typeof INPUTS)[number];
type Vectors = Record<Input, Float64Array>;

interface Sequence {
  readonly tokens: number;
  readonly stride: number;
  /** [T, stride] each. */
  readonly vectors: Record<Input, Float32Array>;
  readonly state: Float32Array;
  /** Gradients of y and of the last State. */
  readonly dy: Float32Array;
  readonly dstate: Float32Array;
}

/** One head in rows of `stride` floats. */
function sequence(tokens: number, stride: number): Sequence {
  const random = randomNumbers(tokens * 100 + stride);
  const size = tokens * stride;
  const vectors = {
    r: random(size),
    d: random(size).map((x) => 0.75 + 0.25 * x),
    k: random(size, 0.5),
    v: random(size),
    a: random(size, 0.2),
    b: random(size, 0.2),
  };
  return { tokens, stride, vectors, state: random(N * N), dy: random(size), dstate: random(N * N) };
}

/** The head's own 64 columns, in double. */
function packed(rows: Float32Array, { tokens, stride }: Sequence): Float64Array {
  return Float64Array.from(
    { length: tokens * N },
    (_, e) => rows[Math.floor(e / N) * stride + (e % N)] ?? Number.NaN,
  );
}
function packedVectors(s: Sequence): Vectors {
  const { r, d, k, v, a, b } = s.vectors;
  const of = (rows: Float32Array) => packed(rows, s);
  return { r: of(r), d: of(d), k: of(k), v: of(v), a: of(a), b: of(b) };
}

/** The recurrence as it is written down, with the State before each token kept. */
function plainForward(x: Vectors, initial: ArrayLike<number>) {
  const tokens = x.r.length / N;
  const state = Float64Array.from(initial);
  const y = new Float64Array(tokens * N);
  const sa = new Float64Array(tokens * N);
  const before: Float64Array[] = [];
  const at = (of: Float64Array, index: number) => of[index] ?? Number.NaN;
  for (let t = 0; t < tokens; t += 1) {
    before.push(state.slice());
    for (let i = 0; i < N; i += 1) {
      let removed = 0;
      for (let j = 0; j < N; j += 1) removed += at(state, i * N + j) * at(x.a, t * N + j);
      sa[t * N + i] = removed;
      let sum = 0;
      for (let j = 0; j < N; j += 1) {
        const value =
          at(state, i * N + j) * at(x.d, t * N + j) +
          removed * at(x.b, t * N + j) +
          at(x.v, t * N + i) * at(x.k, t * N + j);
        state[i * N + j] = value;
        sum += value * at(x.r, t * N + j);
      }
      y[t * N + i] = sum;
    }
  }
  return { y, sa, state, before };
}

/** Gradients by the chain rule, in double. */
function plainBackward(x: Vectors, initial: ArrayLike<number>, dy: Float64Array, dlast: ArrayLike<number>) {
  const { sa, state, before } = plainForward(x, initial);
  const tokens = before.length;
  const gradient = (): Float64Array => new Float64Array(tokens * N);
  const g: Vectors = {
    r: gradient(),
    d: gradient(),
    k: gradient(),
    v: gradient(),
    a: gradient(),
    b: gradient(),
  };
  const ds = Float64Array.from(dlast);
  const at = (of: ArrayLike<number>, index: number) => of[index] ?? Number.NaN;
  const add = (to: Float64Array, index: number, value: number) => {
    to[index] = at(to, index) + value;
  };
  for (let t = tokens - 1; t >= 0; t -= 1) {
    const old = before[t] ?? new Float64Array();
    const after = before[t + 1] ?? state;
    for (let i = 0; i < N; i += 1) {
      const ti = t * N + i;
      let dsa = 0;
      for (let j = 0; j < N; j += 1) {
        const e = i * N + j;
        const tj = t * N + j;
        add(ds, e, at(dy, ti) * at(x.r, tj));
        add(g.r, tj, at(after, e) * at(dy, ti));
        add(g.d, tj, at(ds, e) * at(old, e));
        add(g.b, tj, at(ds, e) * at(sa, ti));
        add(g.k, tj, at(ds, e) * at(x.v, ti));
        add(g.v, ti, at(ds, e) * at(x.k, tj));
        dsa += at(ds, e) * at(x.b, tj);
      }
      for (let j = 0; j < N; j += 1) {
        const e = i * N + j;
        add(g.a, t * N + j, at(old, e) * dsa);
        ds[e] = at(ds, e) * at(x.d, t * N + j) + dsa * at(x.a, t * N + j);
      }
    }
  }
  return { gradients: g, dstate: ds };
}

function forward(instructionSet: InstructionSet, s: Sequence, isSaving: boolean) {
  const size = s.tokens * s.stride;
  const saved = isSaving ? new Float32Array(Math.ceil(s.tokens / 16) * N * N) : null;
  const { arrays } = callWithArrays({
    instructionSet,
    kernel: "wkv_forward",
    arrays: [
      new Float32Array(size).fill(7),
      s.state,
      saved,
      isSaving ? new Float32Array(size).fill(8) : null,
      ...INPUTS.map((name) => s.vectors[name]),
    ],
    sizes: [s.tokens, s.stride],
    shift: s.tokens % 16,
  });
  const [y, state, chunkStates, sa] = arrays;
  if (!y || !state || !chunkStates || !sa) throw new Error("an array is missing");
  return { y, state, chunkStates, sa };
}

/** What gradients hold before: dr, dk and dv are added to it. */
const BEFORE = { r: 0.5, d: 9, k: 0.25, v: -0.5, a: 9, b: 9 };
const ACCUMULATING = new Set(["r", "k", "v"]);

/** What was added or written; gradient rows keep the filler between heads. */
function backward(instructionSet: InstructionSet, s: Sequence) {
  const { chunkStates, sa } = forward(instructionSet, s, true);
  const gradients = INPUTS.map((name) => new Float32Array(s.tokens * s.stride).fill(BEFORE[name]));
  const { arrays } = callWithArrays({
    instructionSet,
    kernel: "wkv_backward",
    arrays: [...gradients, s.dstate, s.dy, chunkStates, sa, ...INPUTS.map((name) => s.vectors[name])],
    sizes: [s.tokens, s.stride],
    shift: (s.tokens + 5) % 16,
  });
  // In the kernel's order: dr, dd, dk, dv, da, db, dstate.
  const [r, d, k, v, a, b, dstate] = arrays;
  if (!r || !d || !k || !v || !a || !b || !dstate) throw new Error("an array is missing");
  const after = { r, d, k, v, a, b };
  for (const name of INPUTS) {
    if (!ACCUMULATING.has(name)) continue;
    const gradient = after[name];
    gradient.forEach((value, i) => {
      gradient[i] = value - BEFORE[name];
    });
  }
  return { gradients: after, dstate };
}

function expectGapsKept(rows: Float32Array, { tokens, stride }: Sequence, filler: number) {
  for (let t = 0; t < tokens; t += 1) {
    expect(rows.subarray(t * stride + N, (t + 1) * stride).every((x) => x === filler)).toBe(true);
  }
}

describe.each(instructionSets())("wkv with %s", (instructionSet) => {
  test.each(LENGTHS)("reads %i tokens as the plain recurrence does", (tokens) => {
    for (const stride of [N, 2 * N + 3]) {
      const s = sequence(tokens, stride);
      const expected = plainForward(packedVectors(s), s.state);
      const actual = forward(instructionSet, s, true);
      expect(worstError(packed(actual.y, s), expected.y)).toBeLessThan(3e-6);
      expect(worstError(packed(actual.sa, s), expected.sa)).toBeLessThan(3e-6);
      expect(worstError(actual.state, expected.state)).toBeLessThan(3e-6);
      const chunks = expected.before.filter((_, t) => t % 16 === 0).flatMap((state) => [...state]);
      expect(worstError(actual.chunkStates, chunks)).toBeLessThan(3e-6);
      expectGapsKept(actual.y, s, 7);
      expectGapsKept(actual.sa, s, 8);
    }
  });

  test("gives the same bits whether it saves for a backward pass, and token by token", () => {
    const s = sequence(19, N);
    const saving = forward(instructionSet, s, true);
    const plain = forward(instructionSet, s, false);
    expect(areSame(plain.y, saving.y)).toBe(true);
    expect(areSame(plain.state, saving.state)).toBe(true);
    let state = s.state;
    for (let t = 0; t < s.tokens; t += 1) {
      const of = (rows: Float32Array) => rows.slice(t * N, (t + 1) * N);
      const { r, d, k, v, a, b } = s.vectors;
      const vectors = { r: of(r), d: of(d), k: of(k), v: of(v), a: of(a), b: of(b) };
      const step = forward(instructionSet, { ...s, tokens: 1, vectors, state, dy: of(s.dy) }, false);
      expect(areSame(step.y, of(saving.y))).toBe(true);
      state = step.state;
    }
    expect(areSame(state, saving.state)).toBe(true);
  });

  test.each(LENGTHS)("goes back through %i tokens as the chain rule says", (tokens) => {
    for (const stride of [N, 2 * N + 3]) {
      const s = sequence(tokens, stride);
      const expected = plainBackward(packedVectors(s), s.state, packed(s.dy, s), s.dstate);
      const actual = backward(instructionSet, s);
      for (const name of INPUTS) {
        const error = worstError(packed(actual.gradients[name], s), expected.gradients[name]);
        expect(error, `d${name}`).toBeLessThan(1e-5);
        expectGapsKept(actual.gradients[name], s, ACCUMULATING.has(name) ? 0 : BEFORE[name]);
      }
      expect(worstError(actual.dstate, expected.dstate)).toBeLessThan(1e-5);
    }
  });

  test("its gradients are those of finite differences of the plain recurrence", () => {
    const s = sequence(18, N);
    const x = packedVectors(s);
    const dy = packed(s.dy, s);
    const actual = backward(instructionSet, s);
    const weigh = (values: ArrayLike<number>, weights: ArrayLike<number>) =>
      Array.from(values, (value, i) => value * (weights[i] ?? Number.NaN)).reduce(
        (sum, value) => sum + value,
        0,
      );
    const loss = (state: ArrayLike<number>) => {
      const result = plainForward(x, state);
      return weigh(result.y, dy) + weigh(result.state, s.dstate);
    };
    const difference = (values: Float64Array, index: number, state: ArrayLike<number>) => {
      const step = 1e-5;
      const value = values[index] ?? Number.NaN;
      values[index] = value + step;
      const above = loss(state);
      values[index] = value - step;
      const below = loss(state);
      values[index] = value;
      return (above - below) / (2 * step);
    };
    for (let probe = 0; probe < 12; probe += 1) {
      const index = (probe * 397 + 11) % (18 * N);
      for (const name of INPUTS) {
        const numeric = difference(x[name], index, s.state);
        expect(worstError([actual.gradients[name][index] ?? Number.NaN], [numeric]), `d${name}`).toBeLessThan(
          2e-5,
        );
      }
      const state = Float64Array.from(s.state);
      const element = (probe * 397 + 11) % (N * N);
      const numeric = difference(state, element, state);
      expect(worstError([actual.dstate[element] ?? Number.NaN], [numeric]), "dstate").toBeLessThan(2e-5);
    }
  });

  test("its speed is measured", () => {
    const { forward: read, backward: back } = wkvSpeed({ instructionSet, threads: 1, heads: 2, tokens: 32 });
    expect(read).toBeGreaterThan(1e-8);
    expect(back).toBeGreaterThan(read);
    expect(back).toBeLessThan(0.1);
  });
});
