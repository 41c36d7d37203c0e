// What the kernels of each instruction set reach: `node native/bench/kernels.mjs [ADDON]`, one thread, some seconds.
// Matrix products as a share of the peak of their own multiply-adds: below a half, an accumulator has probably been
// spilled. And what narrow multiply-adds gain over float32: int8 at least twice as much, four products in one instruction;
// of bf16 nothing is sure (SPEED.md), which is why an engine tries. Best of some attempts, since others use the machine.

import { createRequire } from "node:module";
import { join } from "node:path";

const root = join(import.meta.dirname, "..", "..");
const [addonPath = join(root, "native", "build", "Release", "ouroboros.node")] = process.argv.slice(2);
const addon = createRequire(import.meta.url)(addonPath);
const { kernels } = addon;

const ATTEMPTS = 5;
const SHAPE = { m: 192, n: 256, k: 256, isATransposed: false, isBTransposed: true };

function best(measure) {
  return Math.max(...Array.from({ length: ATTEMPTS }, measure));
}

const percent = (share) => `${Math.round(100 * share)} %`;

const operations = 2 * SHAPE.m * SHAPE.n * SHAPE.k;
const narrow = Object.fromEntries(
  ["bf16", "int8"].map((operands) => [
    operands,
    best(() => kernels.measureNarrowMultiplyAdds({ threads: 1, operands }) ?? 0),
  ]),
);
let plain = 0;
// What the compiler makes of the portable kernels is its own affair.
for (const instructionSet of kernels.instructionSets().filter((name) => name !== "scalar")) {
  const options = { instructionSet, threads: 1 };
  plain = best(() => kernels.measureMultiplyAdds(options));
  for (const precision of kernels.hasBf16(options) ? ["f32", "bf16"] : ["f32"]) {
    const speed = best(() => operations / kernels.measureGemm({ ...options, ...SHAPE, precision }));
    const peak = precision === "bf16" ? narrow.bf16 : plain;
    console.log(
      `${instructionSet}, ${precision}: ${(speed / 1e9).toFixed(1)} GFLOP/s, ${percent(speed / peak)} of the peak`,
    );
  }
}
for (const [operands, peak] of Object.entries(narrow)) {
  console.log(`${operands}: ${peak > 0 ? `${(peak / plain).toFixed(2)} times float32` : "no instructions"}`);
}
const engine = addon.createEngine({ threads: 1 });
console.log(`an engine trains in ${engine.precision}`);
addon.closeEngine(engine.handle);
