/**
 * Writes a whole golden folder of the conformance schemas from the float64 reference: tiny random models and every
 * required group. A pure function of the seeds below.
 */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { writeGoldenModel } from "./goldenModel.js";
import { writeQuirks, writeSampling, writeStandalone, writeTokenizer } from "./goldenParts.js";
import type { TinyShape } from "./randomModel.js";

/**
 * Odd ranks, widths and vocabularies: nothing divides a vector register. Seeds are chosen for well-conditioned
 * gradients: where a key and a receptance are nearly orthogonal at the first token, ln_x magnifies the last bit of a
 * weight to 1e-4 of a gradient, and a float32 engine cannot do better than that.
 */
const MODELS: Readonly<Record<string, { readonly seed: number; readonly shape: TinyShape }>> = {
  twig: {
    seed: 1,
    shape: {
      layers: 3,
      width: 64,
      vocabulary: 41,
      ffn: 75,
      ranks: { w: 5, a: 3, v: 2, g: 7 },
      hasUnusedResidual: true,
    },
  },
  fork: {
    seed: 2,
    shape: {
      layers: 2,
      width: 128,
      vocabulary: 37,
      ffn: 90,
      ranks: { w: 4, a: 6, v: 3, g: 9 },
      hasUnusedResidual: false,
    },
  },
  // One block: it has no value residual at all.
  leaf: {
    seed: 3,
    shape: {
      layers: 1,
      width: 64,
      vocabulary: 33,
      ffn: 64,
      ranks: { w: 1, a: 2, v: 1, g: 1 },
      hasUnusedResidual: false,
    },
  },
};

/** `models`: some of the names above; default: all. */
export function writeGoldenFolder(folder: string, models: readonly string[] = Object.keys(MODELS)): void {
  mkdirSync(join(folder, "models"), { recursive: true });
  mkdirSync(join(folder, "tokenizer"), { recursive: true });
  for (const [name, { seed, shape }] of Object.entries(MODELS))
    if (models.includes(name)) writeGoldenModel({ folder, name, seed, shape });
  writeStandalone(folder);
  writeSampling(folder);
  writeTokenizer(folder);
  writeQuirks(folder);
}
