/** A real but tiny model on disk: random initial weights and the shipped vocabulary. Fast, and able to learn. */

import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createEngine } from "@ouroboros/native";

const vocabulary = fileURLToPath(new URL("../../../daemon/model/vocab.txt", import.meta.url));

/** Writes model.safetensors and vocab.txt into `folder`; the same bytes every time for one seed. */
export async function writeTinyModel(folder: string, seed = 1): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "model.safetensors");
  const engine = createEngine({ threads: 1 });
  try {
    const shape = { layers: 2, width: 64, vocabularySize: 4096 };
    const model = await engine.initialModel({ shape, seed });
    const optimizer = {
      beta1: 0.9,
      beta2: 0.99,
      epsilon: 1e-8,
      weightDecay: 0,
      clip: 1,
      groups: "uniform",
    } as const;
    const trainer = model.createTrainer({ parameters: { kind: "whole" }, seed: 1, optimizer });
    await trainer.saveCheckpoint({ path, precision: "bf16" });
    copyFileSync(vocabulary, join(folder, "vocab.txt"));
    return path;
  } finally {
    engine.close();
  }
}
