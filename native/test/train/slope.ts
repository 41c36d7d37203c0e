/**
 * Central differences along random directions: what a gradient is compared with.
 *
 * Single entries would ask float32 for more digits than it has. A random direction through a whole tensor moves the
 * loss by some thousandths, far above rounding, and any wrong entry shows in it. The error is measured against the
 * size that the slope has on average over all directions, |gradient| |direction| / sqrt(n).
 */

import { seededRandom } from "../seededRandom.js";

interface Slope {
  /** Values at which the gradient was taken, one array for each tensor. */
  readonly values: readonly Float32Array[];
  /** As `values`. */
  readonly gradients: readonly Float32Array[];
  /** The loss with these values in the tensors' place. */
  readonly loss: (values: readonly Float32Array[]) => number;
  readonly seed: number;
  /** Step, relative to the root mean square of the values. */
  readonly step?: number;
}

/** Small enough for what the difference leaves out (fifth order), large enough for float32: errors stay near 1e-3. */
const STEP = 0.02;

/** Difference between the slope along one random direction and what the gradient says, relative to its usual size. */
export function slopeError({ values, gradients, loss, seed, step = STEP }: Slope): number {
  const random = seededRandom(seed);
  const directions = values.map((tensor) =>
    random.normals(tensor.length, { mean: 0, deviation: rootMeanSquare(tensor) }),
  );
  const at = (factor: number) =>
    loss(values.map((tensor, i) => tensor.map((value, j) => value + factor * (directions[i]?.[j] ?? 0))));
  const slope = (8 * (at(step) - at(-step)) - (at(2 * step) - at(-2 * step))) / (12 * step);
  const predicted = sum(gradients.map((gradient, i) => dot(gradient, directions[i] ?? gradient)));
  const count = sum(values.map((tensor) => tensor.length));
  const usual = Math.sqrt((squares(gradients) * squares(directions)) / count);
  return Math.abs(slope - predicted) / usual;
}

function rootMeanSquare(values: Float32Array): number {
  return Math.sqrt(dot(values, values) / values.length);
}

export function squares(arrays: readonly Float32Array[]): number {
  return sum(arrays.map((array) => dot(array, array)));
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((total, value, i) => total + value * (b[i] ?? 0), 0);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
