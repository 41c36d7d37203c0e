/** What smaller types of weights cost the embedded model; the arithmetic of one position: modelFiles.test.ts. */

import { afterAll, expect, test } from "vitest";
import { describeTypeCosts } from "../cli/model/typeCosts.js";
import { createEngine, loadTokenizer } from "../engine/engine.js";
import { errorsByKind, MEASURED_TYPES, measureTypes, type TypeCostOptions } from "./measureTypes.js";
import { embeddedModelPath, findVocabulary } from "./modelFiles.js";

const engine = createEngine({ threads: 1 });
afterAll(() => engine.close());

const path = embeddedModelPath();
const tokenizer = loadTokenizer(findVocabulary({ checkpoint: path, named: undefined }));

async function measure(options: Partial<TypeCostOptions> = {}) {
  const signal = new AbortController().signal;
  return measureTypes({ path, engine, tokenizer, threads: 1, signal, onProgress: () => {}, ...options });
}

test("orders the types: fewer bits, less memory, larger errors", async () => {
  const seen: (readonly [number, number])[] = [];
  const costs = await measure({ onProgress: (done, total) => seen.push([done, total]) });
  if (costs.kind === "cancelled") throw new Error("not asked to stop");
  expect(costs.positions).toBeGreaterThan(400);
  expect(costs.types.map(({ weights }) => weights)).toEqual(MEASURED_TYPES);
  const [bf16, q8, q4] = costs.types;
  if (!bf16 || !q8 || !q4) throw new Error("a type is missing");

  // Its file is in bf16: nothing is lost but the last digits of sums.
  expect(bf16.divergence).toBeLessThan(1e-9);
  expect(bf16.sameBest).toBe(1);
  expect(bf16.kinds.every(({ worst }) => worst === 0)).toBe(true);
  expect(q8.divergence).toBeLessThan(0.001);
  // The most probable token changes only where two are nearly as probable: 10 of 460 positions of the second model.
  expect(q8.sameBest).toBeGreaterThan(0.97);
  expect(q4.divergence).toBeGreaterThan(5 * q8.divergence);
  expect(q4.divergence).toBeLessThan(0.05);
  expect(q4.sameBest).toBeGreaterThan(0.85);
  for (const { divergence, maxDivergence } of costs.types)
    expect(maxDivergence).toBeGreaterThanOrEqual(divergence);
  expect(bf16.bytes).toBeGreaterThan(q8.bytes);
  expect(q8.bytes).toBeGreaterThan(q4.bytes);

  const key = q4.kinds.find(({ kind }) => kind === "att.key");
  expect(key).toMatchObject({ weights: "q4", matrices: 6 });
  expect(key?.worstMatrix).toMatch(/^blocks\.\d\.att\.key\.weight$/);
  expect(q4.kinds.find(({ kind }) => kind === "head")).toMatchObject({ weights: "q8", matrices: 1 });

  expect(seen.map(([done]) => done)).toEqual(seen.map((_, i) => i));
  expect(seen.at(-1)).toEqual([seen.length - 1, seen.length - 1]);

  const text = describeTypeCosts(costs);
  expect(text).toMatch(/^q4 .*nats on average.* %$/m);
  expect(text).toMatch(/^head .*\(q8\)$/m);
}, 20_000);

test("stops between two calls of the model when it is asked to", async () => {
  const stop = new AbortController();
  const stopped = measure({ signal: stop.signal, onProgress: (done) => done === 4 && stop.abort() });
  expect(await stopped).toEqual({ kind: "cancelled" });
});

test("puts matrices of one kind together, with their mean and the worst of them", () => {
  const error = (name: string, value: number) => ({ name, weights: "q8", bytes: 10, error: value }) as const;
  expect(
    errorsByKind([
      error("blocks.0.att.key.weight", 0.1),
      error("blocks.0.att.w1", 0.5),
      error("blocks.11.att.key.weight", 0.3),
    ]),
  ).toEqual([
    {
      kind: "att.key",
      weights: "q8",
      matrices: 2,
      bytes: 20,
      mean: 0.2,
      worst: 0.3,
      worstMatrix: "blocks.11.att.key.weight",
    },
    {
      kind: "att.w1",
      weights: "q8",
      matrices: 1,
      bytes: 10,
      mean: 0.5,
      worst: 0.5,
      worstMatrix: "blocks.0.att.w1",
    },
  ]);
});
