import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { readPlaceInFile, readStream, readTextFile, TEXT_BYTES_MAX } from "./textInput.js";

const folder = mkdtempSync(join(tmpdir(), "ouro-input-"));
afterAll(() => rmSync(folder, { recursive: true }));

function write(content: string | Uint8Array): string {
  const path = join(folder, "code.ts");
  writeFileSync(path, content);
  return path;
}

async function* stream(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

describe("a place in a file", () => {
  // ║ marks the cursor that line and column name.
  test.each([
    ["one\ntw║o\n", { line: 2, column: 3 }],
    ["║one\n", { line: 1, column: 1 }],
    ["one║\r\ntwo", { line: 1 }],
    ["one\ntwo║", {}],
    ["one\n║", {}],
    ["a😀║b", { line: 1, column: 4 }],
  ])("%j", async (drawn, place) => {
    const [prefix, suffix] = drawn.split("║");
    const path = write(drawn.replace("║", ""));
    expect(await readPlaceInFile({ path, ...place })).toEqual({ prefix, suffix, path });
  });

  test.each([
    ["a line past the end", "a\nb", { line: 3 }, "has 2 lines"],
    ["a column past the end", "abc", { line: 1, column: 5 }, "has 3 characters"],
    ["a column inside a character", "a😀", { line: 1, column: 3 }, "inside a character"],
  ])("refuses %s", async (_name, content, place, expected) => {
    await expect(readPlaceInFile({ path: write(content), ...place })).rejects.toThrow(expected);
  });
});

describe("texts from outside", () => {
  test("a character split between two chunks arrives whole", async () => {
    expect(await readStream(stream(Uint8Array.of(0xc3), Uint8Array.of(0xa9)))).toBe("é");
  });

  test("invalid UTF-8 is refused with its source", async () => {
    await expect(readStream(stream(Uint8Array.of(0xff)))).rejects.toThrow(
      "standard input is not valid UTF-8",
    );
    await expect(readTextFile(write(Uint8Array.of(0xff)))).rejects.toThrow("code.ts is not valid UTF-8");
  });

  test("too much is refused before it is all in memory", async () => {
    const chunk = new Uint8Array(1024 * 1024).fill(97);
    let taken = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        taken += chunk.byteLength;
        yield chunk;
      }
    }
    await expect(readStream(endless())).rejects.toThrow("standard input is larger than 8.0 MiB");
    expect(taken).toBe(TEXT_BYTES_MAX + chunk.byteLength);
  });
});
