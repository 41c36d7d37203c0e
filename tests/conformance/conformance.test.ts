/**
 * The native engine against golden numbers: always against fixtures made here by the float64 reference, and against
 * the shared golden set where its folder lies beside the repository.
 */

import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { IGNORED_LABEL } from "@ouroboros/native/inspect";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type ConformanceReport,
  formatResult,
  REQUIRED_GROUPS,
} from "../../daemon/src/lab/conformance/report.js";
import { NO_GOLDEN } from "../../native/test/conformanceFolder.js";
import { writeGoldenFolder } from "./goldenFolder.js";
import { item } from "./reference/arrays.js";
import { inspectTensors } from "./reference/inspector.js";
import { createRandom } from "./reference/random.js";
import { readSafetensors } from "./reference/safetensors.js";
import { referenceSubject } from "./reference/subject.js";
import { expectPassed, run } from "./run.js";

const SHARED = join(import.meta.dirname, "../../../shared/conformance");
const LONG_MS = 600_000;

let root: string;
let golden: string;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "ouroboros-conformance-"));
  golden = join(root, "golden");
  writeGoldenFolder(golden);
}, LONG_MS);
afterAll(() => rmSync(root, { recursive: true, force: true }));

function groupsOf(report: ConformanceReport) {
  return new Set(report.results.flatMap((result) => (result.kind === "checked" ? [result.group] : [])));
}

describe("the native engine", () => {
  test("agrees with the float64 reference in every required group", { timeout: LONG_MS }, async () => {
    const report = await run(golden);
    expectPassed(report);
    expect(groupsOf(report)).toEqual(new Set(REQUIRED_GROUPS.map(({ id }) => id)));
    const unused = report.results.flatMap((result) => (result.kind === "checked" ? result.unused : []));
    expect(unused).toEqual([]);
  });

  test("agrees with the shared golden set", { timeout: LONG_MS }, async ({ skip }) => {
    skip(!existsSync(SHARED), NO_GOLDEN);
    expectPassed(await run(SHARED));
  });
});

describe("the float64 reference", () => {
  test("agrees with the shared golden set to the last digits stored", { timeout: LONG_MS }, async ({
    skip,
  }) => {
    skip(!existsSync(SHARED), NO_GOLDEN);
    const folder = join(root, "shared");
    mkdirSync(join(folder, "models"), { recursive: true });
    // One model whole, of the larger one what takes seconds; it has two heads and three layers.
    const files = ["json", "forward", "dump", "train", "infctx", "adapters", "adamw"].map((part) =>
      part === "json" ? "A.json" : `A.${part}.safetensors`,
    );
    for (const file of [
      ...files,
      "B.dump.safetensors",
      "adamw_standalone.safetensors",
      "sampling.json",
      "tokenizer",
    ])
      symlinkSync(join(SHARED, file), join(folder, file));
    for (const file of ["A.safetensors", "A.bf16.safetensors", "B.safetensors"])
      symlinkSync(join(SHARED, "models", file), join(folder, "models", file));
    const report = await run(folder, { subject: referenceSubject() });
    expectPassed(report);
    for (const result of report.results) {
      if (result.kind !== "checked" || !result.worst) continue;
      // Golden tensors and the reference's outputs are each rounded to float32.
      expect(result.worst.error, formatResult(result)).toBeLessThan(5e-7);
    }
  });

  test("has gradients that finite differences confirm", { timeout: LONG_MS }, () => {
    checkDirectionalDerivatives(join(golden, "models/leaf.safetensors"), () => true);
    // What only more than one block has.
    const isValueResidual = (name: string) => /blocks\.2\.att\.v\d|blocks\.0\.att\.value/.test(name);
    checkDirectionalDerivatives(join(golden, "models/twig.safetensors"), isValueResidual);
  });
});

/** Loss changes along random directions of the chosen tensors, and of the State, are what the gradients say. */
function checkDirectionalDerivatives(path: string, isChecked: (tensor: string) => boolean) {
  const random = createRandom(7);
  const tensors = readSafetensors(path);
  const inspect = inspectTensors(tensors);
  const { layers, width, vocabularySize } = inspect.info;
  const draw = (length: number) => Float32Array.from({ length }, random.normal);
  const state = {
    attShift: draw(layers * width),
    ffnShift: draw(layers * width),
    wkv: draw(layers * width * 64),
  };
  const labels = Int32Array.of(3, IGNORED_LABEL, 5, 2, 7);
  const sequence = { tokens: Uint32Array.from(labels, () => random.below(vocabularySize)), labels, state };
  const { gradients, stateGradients } = inspect.gradients({ sequences: [sequence] });

  const check = (
    name: string,
    data: Float32Array,
    gradient: Float32Array | undefined,
    lossOf: (data: Float32Array) => number,
  ) => {
    const step = 1e-4;
    const direction = draw(data.length);
    const [up, down] = [1, -1].map((sign) =>
      data.map((value, i) => value + sign * step * item(direction, i)),
    );
    // The step really taken, after rounding to float32.
    const predicted = data.reduce(
      (sum, _, i) => sum + item(gradient ?? [], i) * (item(up ?? [], i) - item(down ?? [], i)),
      0,
    );
    const measured = lossOf(up ?? data) - lossOf(down ?? data);
    expect(Math.abs(measured - predicted), name).toBeLessThan(1e-4 * Math.abs(predicted) + 1e-9);
  };
  for (const [name, { shape, data }] of Object.entries(tensors).filter(([tensor]) => isChecked(tensor)))
    check(name, data, gradients[name], (changed) => {
      const perturbed = inspectTensors({ ...tensors, [name]: { shape, data: changed } });
      return perturbed.gradients({ sequences: [sequence] }).loss;
    });
  for (const part of ["attShift", "ffnShift", "wkv"] as const)
    check(part, state[part], stateGradients[0]?.[part], (changed) => {
      const started = { ...sequence, state: { ...state, [part]: changed } };
      return inspect.gradients({ sequences: [started] }).loss;
    });
}
