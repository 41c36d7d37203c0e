/** The engine's own matrix products at the sizes of the shapes, beside the peak of multiply-adds. */

import { gemmSpeed } from "@ouroboros/native/kernels";
import { type BenchRun, type Figure, type Measured, summarize } from "./figures.js";
import { floatLimit, type Machine } from "./limits.js";

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

export async function benchGemm(machine: Machine, run: BenchRun): Promise<Measured<readonly Figure[]>> {
  const products = PRODUCTS.flatMap(({ k, n, rows }) => rows.map((m) => ({ m, n, k })));
  const limit = floatLimit(machine);
  const limits: number[] = [];
  const speeds = products.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [index, { m, n, k }] of products.entries()) {
      run.onProgress("products", round * products.length + index, ROUNDS * products.length);
      await new Promise((resolve) => setImmediate(resolve));
      if (run.signal.aborted) return undefined;
      if (index % 4 === 0) limits.push(limit.perSecond() / 1e9);
      const product = { m, n, k, isATransposed: false, isBTransposed: true };
      speeds[index]?.push(gemmSpeed({ ...machine, ...product }) / 1e9);
    }
  }
  const peak = summarize(limits, "most");
  return products.map(({ m, n, k }, index) => {
    const speed = summarize(speeds[index] ?? [], "most");
    return {
      name: `f32, K ${k} N ${n} M ${m}`,
      unit: limit.unit,
      rounds: ROUNDS,
      ...speed,
      limit: { name: limit.name, unit: limit.unit, ...peak },
      fraction: speed.median / peak.median,
    };
  });
}
