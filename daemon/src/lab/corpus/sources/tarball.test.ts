import { describe, expect, it } from "vitest";
import { makeTarball } from "../../../../test/testTarball.js";
import { readTarball } from "./tarball.js";

describe("readTarball", () => {
  it("gives back every file without the package folder", async () => {
    const files = { "package.json": "{}", "src/a.ts": "x".repeat(513), "empty.md": "" };
    const read = await readTarball(makeTarball(files));
    expect(Object.fromEntries(read.map(({ path, bytes }) => [path, Buffer.from(bytes).toString()]))).toEqual(
      files,
    );
  });

  it("refuses an archive that ends inside a file", async () => {
    const { gunzipSync, gzipSync } = await import("node:zlib");
    const whole = gunzipSync(makeTarball({ "a.ts": "x".repeat(2_000) }));
    await expect(readTarball(gzipSync(whole.subarray(0, 1_000)))).rejects.toThrow(/middle of a file/);
  });
});
