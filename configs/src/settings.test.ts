import { describe, expect, test } from "vitest";
import { DEFAULT_SETTINGS, parseSettings, SETTING_KEYS, settingsSchema } from "./settings.js";

function problemOf(raw: unknown): string {
  const parsed = parseSettings(raw);
  return parsed.kind === "invalid" ? parsed.problem : "";
}

describe("settings", () => {
  test("an empty file means the defaults", () => {
    expect(parseSettings({})).toEqual({ kind: "settings", settings: DEFAULT_SETTINGS });
  });

  test("keeps what the user set and fills in the rest", () => {
    const parsed = parseSettings({ "ouroboros.engine.threads": 3 });
    expect(parsed).toEqual({
      kind: "settings",
      settings: { ...DEFAULT_SETTINGS, "ouroboros.engine.threads": 3 },
    });
  });

  test.each([
    ["ouroboros.engine.thread", "ouroboros.engine.threads"],
    ["ouroboros.completion.topp", "ouroboros.completion.topP"],
    ["engine.threads", "ouroboros.engine.threads"],
  ])("an unknown key %s is named with the nearest valid one", (wrong, nearest) => {
    expect(problemOf({ [wrong]: 1 })).toBe(`there is no setting "${wrong}"; did you mean "${nearest}"?`);
  });

  test.each([
    [{ "ouroboros.engine.threads": "two" }, '"ouroboros.engine.threads"'],
    [{ "ouroboros.completion.temperature": -1 }, '"ouroboros.completion.temperature"'],
    [[], "one JSON object"],
    [null, "one JSON object"],
    ["text", "one JSON object"],
  ])("%j is refused in one sentence", (raw, expected) => {
    expect(problemOf(raw)).toContain(expected);
    expect(problemOf(raw)).not.toContain("\n");
  });

  test("every key has the product's prefix and a sentence that explains it", () => {
    for (const key of SETTING_KEYS) expect(key).toMatch(/^ouroboros\.[a-z]+\.[a-zA-Z]+$/);
    for (const schema of Object.values(settingsSchema.shape))
      expect(schema.description).toMatch(/^[A-Z].*\.$/);
  });
});
