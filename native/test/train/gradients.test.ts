/** Every gradient of the engine against slopes of its own loss. What the numbers should be is conformance's matter. */

import { describe, expect, test } from "vitest";
import {
  IGNORED_LABEL,
  type InspectSequence,
  type LoraTensors,
  type NamedTensors,
  nativeInspector,
  type StateArrays,
} from "../../lib/inspect.js";
import { hasBf16, instructionSets } from "../../lib/kernels.js";
import { BIG_MATRICES } from "../../lib/types.js";
import { scratchFolder } from "../scratchFolder.js";
import { seededRandom } from "../seededRandom.js";
import {
  byName,
  randomState,
  randomTensors,
  randomTokens,
  SMALL,
  sizeOf,
  writeModel,
} from "../smallModel.js";
import { slopeError, squares } from "./slope.js";

/** The worst of all is 1.2e-3; a gradient that lacks a hundredth of itself goes beyond. */
const SLOPE_ERROR_MAX = 5e-3;
const MODEL_SEED = 1;
const BEST_SET = instructionSets().at(-1) ?? "scalar";
const inspector = nativeInspector();
const folder = scratchFolder();
const path = writeModel({ folder: folder.path, shape: SMALL, seed: MODEL_SEED });
const parameters = byName(randomTensors(SMALL, MODEL_SEED));

/** Around the chunk of 16 tokens that backward recomputes in; unequal, each from a State of its own. */
const LENGTHS = [1, 15, 16, 17, 33];
const sequences: InspectSequence[] = LENGTHS.map((length, i) => ({
  tokens: randomTokens(length, 10 + i),
  labels: Int32Array.from(randomTokens(length, 20 + i), (token, t) => (t % 5 === 3 ? IGNORED_LABEL : token)),
  state: randomState(SMALL, 30 + i),
}));

function gradientsOf(overrides: NamedTensors, lora?: LoraTensors, batch = sequences) {
  return inspector.openInspect({ path, overrides }).gradients({ sequences: batch, ...(lora && { lora }) });
}

/** `tensors` with other values under the given names. */
function changed(
  tensors: NamedTensors,
  names: readonly string[],
  values: readonly Float32Array[],
): NamedTensors {
  return Object.fromEntries(
    names.map((name, i) => [
      name,
      { shape: tensors[name]?.shape ?? [], data: values[i] ?? new Float32Array() },
    ]),
  );
}

function expectSlopes(options: Omit<Parameters<typeof slopeError>[0], "seed">) {
  expect(squares(options.gradients)).toBeGreaterThan(0);
  for (const seed of [1, 2]) expect(slopeError({ ...options, seed })).toBeLessThan(SLOPE_ERROR_MAX);
}

/** All layers' tensors of one role: `blocks.*.att.w1`. */
function roles(names: readonly string[]): string[] {
  return [...new Set(names.map((name) => name.replace(/^blocks\.\d+\./, "blocks.*.")))];
}
function namesOf(role: string, names: readonly string[]): string[] {
  return names.filter((name) => name.replace(/^blocks\.\d+\./, "blocks.*.") === role);
}

describe("the gradient is the slope of the loss for", () => {
  const analytic = gradientsOf({});
  test.each(roles(Object.keys(parameters)))("%s", (role) => {
    const names = namesOf(role, Object.keys(parameters));
    expectSlopes({
      values: names.map((name) => parameters[name]?.data ?? new Float32Array()),
      gradients: names.map((name) => analytic.gradients[name] ?? new Float32Array()),
      loss: (values) => gradientsOf(changed(parameters, names, values)).loss,
    });
  });

  test.each(["attShift", "ffnShift", "wkv"] as const)("the initial State's %s", (part) => {
    const withPart = (values: readonly Float32Array[]) =>
      sequences.map((sequence, i) => ({
        ...sequence,
        state: { ...(sequence.state as StateArrays), [part]: values[i] },
      }));
    expectSlopes({
      values: sequences.map((sequence) => (sequence.state as StateArrays)[part]),
      gradients: analytic.stateGradients.map((state) => state[part]),
      loss: (values) => gradientsOf({}, undefined, withPart(values)).loss,
    });
  });
});

/** Of a gradient from operands with eight binary digits; the worst of all is 1.7e-2. */
const BF16_ERROR_MAX = 2e-2;

describe.skipIf(!hasBf16(BEST_SET))("with products in bf16", () => {
  const exact = gradientsOf({});
  const rounded = inspector.openInspect({ path, precision: "bf16" }).gradients({ sequences });

  test("every gradient is close to the exact one, and none is the same", () => {
    expect(rounded.loss / exact.loss).toBeCloseTo(1, 2);
    for (const [name, values] of Object.entries(exact.gradients)) {
      const difference = values.map((value, i) => value - (rounded.gradients[name]?.[i] ?? Number.NaN));
      const error = Math.sqrt(squares([difference]) / squares([values]));
      expect(error, name).toBeLessThan(BF16_ERROR_MAX);
      expect(error, name).toBeGreaterThan(0);
    }
  });

  test.each(["head.weight", "emb.weight", "blocks.1.ffn.key.weight", "blocks.2.att.receptance.weight"])(
    "the gradient of %s is the slope of the exact loss",
    (name) => {
      const error = slopeError({
        values: [parameters[name]?.data ?? new Float32Array()],
        gradients: [rounded.gradients[name] ?? new Float32Array()],
        loss: (values) => gradientsOf(changed(parameters, [name], values)).loss,
        seed: 1,
      });
      expect(error).toBeLessThan(BF16_ERROR_MAX);
    },
  );
});

describe("with the checkpoint frozen, the gradient is the slope of the loss for", () => {
  const lora = randomLora();
  const analytic = gradientsOf({}, lora);
  const names = Object.keys(lora.tensors);
  test.each(roles(names))("%s", (role) => {
    const own = namesOf(role, names);
    expectSlopes({
      values: own.map((name) => lora.tensors[name]?.data ?? new Float32Array()),
      gradients: own.map((name) => analytic.gradients[name] ?? new Float32Array()),
      loss: (values) =>
        gradientsOf({}, { ...lora, tensors: { ...lora.tensors, ...changed(lora.tensors, own, values) } })
          .loss,
    });
  });

  test("nothing else", () => {
    expect(Object.keys(analytic.gradients).sort()).toEqual(names.sort());
  });
});

function randomLora(): LoraTensors {
  const rank = 3;
  const random = seededRandom(40);
  const tensors: Record<string, NamedTensors[string]> = {};
  for (let layer = 0; layer < SMALL.layers; layer += 1) {
    for (const matrix of BIG_MATRICES) {
      const [outputs = 0, inputs = 0] = parameters[`blocks.${layer}.${matrix}.weight`]?.shape ?? [];
      for (const [factor, shape] of [
        ["A", [rank, inputs]],
        ["B", [outputs, rank]],
      ] as const) {
        const data = random.normals(sizeOf(shape), { mean: 0, deviation: 0.3 / Math.sqrt(shape[1]) });
        tensors[`blocks.${layer}.${matrix}.lora_${factor}`] = { shape, data };
      }
    }
  }
  return { alpha: 5, tensors };
}

describe("L2Wrap", () => {
  /** What L2Wrap's gradient is the slope of, though the loss does not show it: 1e-4 / R * sum of max^2 / 2. */
  function penalty(overrides: NamedTensors): number {
    const inspect = inspector.openInspect({ path, overrides });
    const rows = sequences.reduce((total, { tokens }) => total + tokens.length, 0);
    let halfSquares = 0;
    for (const { tokens, state } of sequences) {
      const { logits } = inspect.logits({ tokens, mode: "sequence", ...(state && { state }) });
      for (let row = 0; row < tokens.length; row += 1) {
        const begin = row * SMALL.vocabularySize;
        halfSquares += Math.max(...logits.subarray(begin, begin + SMALL.vocabularySize)) ** 2 / 2;
      }
    }
    return (1e-4 / rows) * halfSquares;
  }

  test.each(["head.weight", "blocks.1.ffn.key.weight", "blocks.0.att.k_k"])(
    "adds the slope of the squared largest logits to the gradient of %s",
    (name) => {
      const inspect = inspector.openInspect({ path });
      const plain = inspect.gradients({ sequences });
      const wrapped = inspect.gradients({ sequences, l2wrap: true });
      expect(wrapped.loss).toBe(plain.loss);
      const added = wrapped.gradients[name]?.map((value, i) => value - (plain.gradients[name]?.[i] ?? 0));
      const error = slopeError({
        values: [parameters[name]?.data ?? new Float32Array()],
        gradients: [added ?? new Float32Array()],
        loss: (values) => penalty(changed(parameters, [name], values)),
        seed: 3,
        // Short, so that the arg-max stays the same on the way.
        step: 0.002,
      });
      expect(error).toBeLessThan(SLOPE_ERROR_MAX);
    },
  );
});

test("a detached window's gradient is that of the window alone, from the State carried so far", () => {
  const inspect = inspector.openInspect({ path });
  const [tokens, labels] = [randomTokens(40, 50), Int32Array.from(randomTokens(40, 51))];
  const detached = inspect.gradients({ sequences: [{ tokens, labels }], detachEvery: 16 });
  const expected: Record<string, Float32Array> = {};
  let state: StateArrays | undefined;
  for (let begin = 0; begin < 40; begin += 16) {
    const window = { tokens: tokens.slice(begin, begin + 16), labels: labels.slice(begin, begin + 16) };
    const from = state && { state };
    const share = window.tokens.length / 40;
    const { gradients } = inspect.gradients({ sequences: [{ ...window, ...from }] });
    for (const [name, values] of Object.entries(gradients)) {
      expected[name] = values.map((value, i) => (expected[name]?.[i] ?? 0) + share * value);
    }
    state = inspect.logits({ tokens: window.tokens, mode: "sequence", ...from }).state;
  }
  for (const [name, values] of Object.entries(detached.gradients)) {
    const difference = values.map((value, i) => value - (expected[name]?.[i] ?? 0));
    expect(Math.sqrt(squares([difference]) / squares([values])), name).toBeLessThan(1e-4);
  }
});
