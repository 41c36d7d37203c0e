/** The engine's own matrix products at the sizes of the shapes, beside the peak of multiply-adds. */

import { gemmSpeed, hasBf16 } from "@ouroboros/native/kernels";
import type { Precision } from "../../engine/engine.js";
import { type BenchRun, type Figure, type Measurement, summarize } from "./figures.js";
import { type Machine, trainLimit } from "./limits.js";

/** y [M, N] = x [M, K] times weights stored as [N, K]: K, N, and every M it is asked with. */
const PRODUCTS = [
  { k: 256, n: 256, rows: [64, 256, 1024, 2048] },
  { k: 256, n: 1024, rows: [64, 256, 1024, 2048] },
  { k: 1024, n: 256, rows: [64, 256, 1024, 2048] },
  { k: 256, n: 4096, rows: [128, 2048] },
  { k: 768, n: 768, rows: [64, 256, 512, 1024] },
  { k: 768, n: 3072, rows: [64, 256, 512, 1024] },
  { k: 3072, n: 768, rows: [64, 256, 512, 1024] },
  { k: 768, n: 65_536, rows: [64, 128] },
  { k: 1024, n: 4096, rows: [64, 256, 512, 1024] },
] as const;
/** Few and short: each call of the engine takes the best of a quarter of a second already. */
const ROUNDS = 3;

/** float32, and bf16 where this processor has it: each beside its own peak. */
export async function benchGemm(machine: Machine, run: BenchRun): Promise<Measurement<readonly Figure[]>> {
  const figures: Figure[] = [];
  for (const precision of ["f32", "bf16"] as const) {
    if (precision === "bf16" && !hasBf16(machine.instructionSet)) continue;
    const measured = await benchPrecision(machine, precision, run);
    if (measured === undefined) return undefined;
    figures.push(...measured);
  }
  return figures;
}

async function benchPrecision(
  machine: Machine,
  precision: Precision,
  run: BenchRun,
): Promise<Measurement<readonly Figure[]>> {
  const { threads, instructionSet } = machine;
  const products = PRODUCTS.flatMap(({ k, n, rows }) => rows.map((m) => ({ m, n, k })));
  const limit = trainLimit({ threads, instructionSet, precision });
  const limits: number[] = [];
  const speeds = products.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [index, { m, n, k }] of products.entries()) {
      run.onProgress(`products, ${precision}`, round * products.length + index, ROUNDS * products.length);
      await new Promise((resolve) => setImmediate(resolve));
      if (run.signal.aborted) return undefined;
      if (index % 4 === 0) limits.push(limit.perSecond() / 1e9);
      const product = { m, n, k, isATransposed: false, isBTransposed: true, precision };
      speeds[index]?.push(gemmSpeed({ threads, instructionSet, ...product }) / 1e9);
    }
  }
  const peak = summarize(limits, "most");
  return products.map(({ m, n, k }, index) => {
    const speed = summarize(speeds[index] ?? [], "most");
    return {
      name: `${precision}, K ${k} N ${n} M ${m}`,
      unit: limit.unit,
      rounds: ROUNDS,
      ...speed,
      limit: { name: limit.name, unit: limit.unit, ...peak },
      fraction: speed.median / peak.median,
    };
  });
}
