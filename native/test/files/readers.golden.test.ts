/** The readers against files that PyTorch and the safetensors package wrote, in the golden folder. */

import { join } from "node:path";
import { expect, test } from "vitest";
import { readTensors, type Tensor, writeSafetensors } from "../../lib/files.js";
import { conformancePath, NO_GOLDEN } from "../conformanceFolder.js";
import { scratchFolder } from "../scratchFolder.js";

const scratch = scratchFolder();

/** [a file, a file with the same tensors in another format] */
const PAIRS = [
  ["models/quirks.pth", "quirks.expected.safetensors"],
  ["models/quirks.proto4.pth", "quirks.expected.safetensors"],
  ["models/quirks.legacy.pth", "quirks.expected.safetensors"],
  ["models/A.pth", "models/A.safetensors"],
  ["models/A.bf16.pth", "models/A.bf16.safetensors"],
  ["models/B.pth", "models/B.safetensors"],
] as const;

/** Bits, so that NaN equals itself and -0 differs from 0. */
function byName(tensors: readonly Tensor[]) {
  const bits = (values: Tensor["values"]) =>
    Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString("base64");
  return Object.fromEntries(
    tensors.map(({ name, dtype, shape, values }) => [name, { dtype, shape, bits: bits(values) }]),
  );
}

test.for(PAIRS)("golden: %s holds what %s holds, bit for bit", ([file, twin], { skip }) => {
  const path = conformancePath(file);
  const twinPath = conformancePath(twin);
  if (!path || !twinPath) return skip(NO_GOLDEN);
  const expected = byName(readTensors(twinPath).tensors);
  expect(Object.keys(expected).length).toBeGreaterThan(10);
  expect(byName(readTensors(path).tensors)).toEqual(expected);
});

test("golden: our rounding to bf16 is PyTorch's", ({ skip }) => {
  const f32 = conformancePath("models/A.safetensors");
  const bf16 = conformancePath("models/A.bf16.safetensors");
  if (!f32 || !bf16) return skip(NO_GOLDEN);
  const path = join(scratch.path, "rounded.safetensors");
  const tensors = readTensors(f32).tensors.map(({ name, shape, values }) => ({
    name,
    dtype: "BF16" as const,
    shape,
    values: values as Float32Array,
  }));
  writeSafetensors({ path, tensors });
  expect(byName(readTensors(path).tensors)).toEqual(byName(readTensors(bf16).tensors));
});
