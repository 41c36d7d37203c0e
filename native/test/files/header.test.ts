/** A safetensors file is told by its brace: the length before it may begin with the bytes of any other format. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readTensors } from "../../lib/files.js";

const folder = mkdtempSync(join(tmpdir(), "ouroboros-header-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** One tensor of one number, its header padded with spaces to exactly this length. */
function fileWithHeaderOf(length: number): string {
  const header = JSON.stringify({ x: { dtype: "F32", shape: [1], data_offsets: [0, 4] } }).padEnd(
    length,
    " ",
  );
  const bytes = Buffer.alloc(8 + length + 4);
  bytes.writeBigUInt64LE(BigInt(length), 0);
  bytes.write(header, 8, "ascii");
  bytes.writeFloatLE(1.5, 8 + length);
  const path = join(folder, `${length}.safetensors`);
  writeFileSync(path, bytes);
  return path;
}

test.each([
  ["a pickle's first byte", 0x80],
  ["a pickle's first two bytes", 0x0280],
  ["a zip's first two bytes", 0x4b50],
])("a header whose length begins like %s is read", (_name, length) => {
  const [tensor] = readTensors(fileWithHeaderOf(length)).tensors;
  expect(tensor?.values).toEqual(Float32Array.of(1.5));
});
