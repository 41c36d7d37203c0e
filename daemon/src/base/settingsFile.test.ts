import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DEFAULT_SETTINGS } from "@ouroboros/configs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readSettings } from "./settingsFile.js";

let home: string;
let path: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "ouro-settings-"));
  path = join(home, "settings.json");
});
afterEach(() => rmSync(home, { recursive: true }));

async function read(content: string | Uint8Array) {
  writeFileSync(path, content);
  const { settings, problems } = await readSettings(home);
  // Nothing ever writes it, so what a newer version set stays.
  expect(readFileSync(path).equals(Buffer.from(content))).toBe(true);
  return { settings, messages: problems.map(({ message }) => message) };
}

const withThreads = { ...DEFAULT_SETTINGS, "ouroboros.engine.threads": 3 };
const UTF16 = Buffer.from('\uFEFF{"ouroboros.engine.threads": 3}', "utf16le");

describe("settings file", () => {
  test("no file means the defaults", async () => {
    expect(await readSettings(home)).toEqual({ settings: DEFAULT_SETTINGS, problems: [] });
  });

  test.each([
    ["with a byte order mark", '\uFEFF{"ouroboros.engine.threads": 3}'],
    ["in UTF-16, as older Windows programs save", UTF16],
    ["with comments", '// mine\n{"ouroboros.engine.threads": 3 /* of 8 */}\n'],
    ["with trailing commas", '{"ouroboros.engine.threads": 3,}'],
    ["with all of it", '\uFEFF// mine\r\n{\r\n  "ouroboros.engine.threads": 3, // of 8\r\n}\r\n'],
  ])("%s is read, and nothing is said", async (_how, content) => {
    expect(await read(content)).toEqual({ settings: withThreads, messages: [] });
  });

  test.each([[""], [" \n"], ["\uFEFF"], ["// nothing yet\n"], ["{}"]])(
    "%j means the defaults",
    async (content) => {
      expect(await read(content)).toEqual({ settings: DEFAULT_SETTINGS, messages: [] });
    },
  );

  test.each([
    [
      '{"ouroboros.engine.threads": 3, "ouroboros.engine.thread": 2}',
      /did you mean "ouroboros.engine.threads"\?$/,
    ],
    [
      '{"ouroboros.engine.threads": 3, "ouroboros.newer.key": 2}',
      /"ouroboros.newer.key" is no setting and is ignored$/,
    ],
    [
      '{"ouroboros.engine.threads": 3, "ouroboros.http.port": "a"}',
      /"ouroboros.http.port" is "a" where .* 0, the default/,
    ],
    [
      '{"ouroboros.engine.threads": 3,\n "ouroboros.http.port": \n',
      / is no valid JSON at line \d; what can be read/,
    ],
    ['{"ouroboros.engine.threads": 3}}', / is no valid JSON at line 1; what can be read/],
  ])("of %s the rest is used, and one sentence names the file", async (content, expected) => {
    const { settings, messages } = await read(content);
    expect(settings).toEqual(withThreads);
    expect(messages).toEqual([expect.stringMatching(expected)]);
    expect(messages[0]).toContain(path);
  });

  test.each([
    ["a list", "[]", /one JSON object/],
    ["noise", Buffer.from([0, 1, 2, 255, 254, 7]), /no valid JSON/],
    ["a word", "threads = 3", /no valid JSON/],
    ["much too deep", "[".repeat(500_000), /cannot be read|one JSON object|no valid JSON/],
    ["much too large", " ".repeat((1 << 20) + 1), /larger than a mebibyte/],
  ])("%s gives the defaults, and says so", async (_what, content, expected) => {
    const { settings, messages } = await read(content);
    expect(settings).toEqual(DEFAULT_SETTINGS);
    expect(messages.join("\n")).toMatch(expected);
  });

  test("a folder in its place gives the defaults, and says so", async () => {
    mkdirSync(path);
    const { settings, problems } = await readSettings(home);
    expect(settings).toEqual(DEFAULT_SETTINGS);
    expect(problems[0]?.message).toBe(
      `${path} cannot be read (EISDIR); the default settings are used instead`,
    );
  });

  test.runIf(process.platform !== "win32")("so does a pipe, which is not waited for", async () => {
    execFileSync("mkfifo", [path]);
    const { settings, problems } = await readSettings(home);
    expect(settings).toEqual(DEFAULT_SETTINGS);
    expect(problems[0]?.message).toMatch(
      /settings\.json is a pipe, not a file.*the default settings are used instead$/,
    );
  });
});
