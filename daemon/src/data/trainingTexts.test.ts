import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { LINE_BYTES_MAX } from "./lines.js";
import { readTrainingTexts } from "./trainingTexts.js";

const folder = mkdtempSync(join(tmpdir(), "ouro-texts-"));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe("training texts", () => {
  test.each([
    ["a .txt file is one text", "a.txt", "one\ntwo\r\nthree", ["one\ntwo\nthree"]],
    [
      "each row of a .jsonl file is one",
      "a.jsonl",
      '{"text":"a\\nb"}\n\n{"text":"ü","id":1}\n',
      ["a\nb", "ü"],
    ],
    ["a byte-order mark is not text", "bom.jsonl", '\uFEFF{"text":"a"}', ["a"]],
  ])("%s", async (_name, file, content, expected) => {
    expect(await readTrainingTexts(write(file, content))).toEqual(expected);
  });

  test("a line that crosses chunks arrives whole", async () => {
    const long = "é".repeat(200_000);
    expect(await readTrainingTexts(write("long.jsonl", JSON.stringify({ text: long })))).toEqual([long]);
  });

  test.each([
    ["not JSON", "bad.jsonl", '{"text":"a"}\n{"text":', "line 2"],
    ["no text", "row.jsonl", '{"content":"a"}', 'has no "text"'],
    ["another kind of file", "a.csv", "a,b", "neither a .txt nor a .jsonl"],
    ["nothing in it", "empty.txt", " \n", "holds no text"],
    ["not UTF-8", "latin.txt", Uint8Array.of(0x61, 0x0a, 0xe9, 0x0a), "line 2"],
    ["one endless line", "endless.txt", "a".repeat(LINE_BYTES_MAX + 1), "longer than 8 MiB"],
  ])("refuses a file with %s, naming it", async (_name, file, content, expected) => {
    const path = write(file, content);
    await expect(readTrainingTexts(path)).rejects.toThrow(expected);
    await expect(readTrainingTexts(path)).rejects.toThrow(file);
  });
});
