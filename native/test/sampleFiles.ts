/** One small valid file of every format that is read, rich in features. */

import { f32, safetensorsBytes } from "./safetensorsBytes.js";
import { floatStorage, legacyTorchBytes, type TorchView, torchBytes, wholeView } from "./torchBytes.js";

export function sampleFiles(): [string, Buffer][] {
  const numbers = new Uint8Array(Float32Array.from({ length: 8 }, (_, i) => i).buffer);
  const header = {
    __metadata__: { format: "pt", 'a "quoted" key': "\n" },
    "blocks.0.att.x_r": f32([1, 1, 2], 0, 8),
    "emb.weight": f32([2, 3], 8, 32),
    empty: f32([0], 32, 32),
  };
  const storage = floatStorage("0", [0, 1, 2, 3, 4, 5]);
  const views: Record<string, TorchView> = {
    "emb.weight": wholeView(storage, [2, 3]),
    transposed: { storage, offset: 1, shape: [2, 2], strides: [1, 2] },
    "blocks.0.att.x_r": wholeView(floatStorage("1", [1, 2]), [1, 1, 2]),
  };
  return [
    ["a safetensors file", safetensorsBytes(header, numbers)],
    ["a .pth file", torchBytes(views)],
    ["a .pth file in zip64", torchBytes(views, "zip64")],
    ["a .pth file from before torch 1.6", legacyTorchBytes(views)],
  ];
}
