import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createByteTokenizer } from "../../test/fakeEngine.js";
import { loadAnchors, NO_ANCHORS, toAnchors } from "./anchors.js";

const tokenizer = createByteTokenizer();
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ouro-anchors-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function load(content: string) {
  const path = join(folder, "anchors.json");
  writeFileSync(path, content);
  return loadAnchors({ path, tokenizer });
}

it("splits a window like a completion: the base reads the beginning, 16 positions are compared", async () => {
  const text = "const answer = await fetch(url);";
  const { windows } = await load(JSON.stringify({ v: 1, windows: [{ id: "a", text }] }));
  expect(windows).toHaveLength(1);
  expect(tokenizer.decode(windows[0]?.prefix ?? new Uint32Array())).toBe(text.slice(0, -17));
  expect(tokenizer.decode(windows[0]?.tokens ?? new Uint32Array())).toBe(text.slice(-17));
});

it("takes a short window whole and leaves out one that says nothing", async () => {
  const { windows } = await load(
    JSON.stringify({
      v: 1,
      windows: [
        { id: "a", text: "short" },
        { id: "b", text: "abc" },
      ],
    }),
  );
  expect(windows.map(({ id, prefix, tokens }) => [id, prefix.length, tokens.length])).toEqual([["a", 0, 5]]);
});

it("names a list by its tokens", () => {
  const window = { id: "a", tokens: tokenizer.encode("one two") };
  expect(toAnchors([window]).hash).toBe(toAnchors([window]).hash);
  expect(toAnchors([window]).hash).not.toBe(NO_ANCHORS.hash);
  expect(toAnchors([{ ...window, tokens: tokenizer.encode("one twi") }]).hash).not.toBe(
    toAnchors([window]).hash,
  );
});

it.each(["", "[]", '{"v":2,"windows":[]}', '{"v":1,"windows":[{"id":"a"}]}'])(
  "refuses %j",
  async (content) => {
    await expect(load(content)).rejects.toMatchObject({ code: "anchors-invalid" });
  },
);

it("refuses a missing file", async () => {
  await expect(loadAnchors({ path: join(folder, "none"), tokenizer })).rejects.toMatchObject({
    code: "anchors-invalid",
  });
});
