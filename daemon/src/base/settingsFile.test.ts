import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DEFAULT_SETTINGS } from "@ouroboros/configs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readSettings } from "./settingsFile.js";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "ouro-settings-"));
});
afterEach(() => rmSync(home, { recursive: true }));

const write = (content: string) => writeFileSync(join(home, "settings.json"), content);

describe("settings file", () => {
  test("no file means the defaults", async () => {
    expect(await readSettings(home)).toEqual(DEFAULT_SETTINGS);
  });

  test.each([
    ['{"ouroboros.engine.thread": 2}', 'did you mean "ouroboros.engine.threads"?'],
    ['{"ouroboros.engine.threads": -2}', '"ouroboros.engine.threads"'],
    ["{", "not valid JSON"],
    ["[]", "one JSON object"],
  ])("refuses %s and names the file", async (content, expected) => {
    write(content);
    await expect(readSettings(home)).rejects.toThrow(expected);
    await expect(readSettings(home)).rejects.toThrow(join(home, "settings.json"));
  });
});
