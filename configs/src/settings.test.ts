import { describe, expect, test } from "vitest";
import { DEFAULT_EDITOR_SETTINGS, parseEditorSettings, SETTING_KEYS, settingsSchema } from "./settings.js";

describe("settings", () => {
  test("every key has the product's prefix and a sentence that explains it", () => {
    for (const key of SETTING_KEYS) expect(key).toMatch(/^ouroboros\.[a-z]+\.[a-zA-Z]+$/);
    for (const schema of Object.values(settingsSchema.shape))
      expect(schema.description).toMatch(/^[A-Z].*\.$/);
  });
});

describe("settings of an editor", () => {
  test("what is not set has its default", () => {
    const unset = { "ouroboros.completion.enabled": undefined };
    expect(parseEditorSettings(unset)).toEqual(DEFAULT_EDITOR_SETTINGS);
  });

  test("a wrong value costs its own key alone: what was switched off stays off", () => {
    const set = {
      "ouroboros.completion.enabled": false,
      "ouroboros.completion.disabledGlobs": "**/*.secret",
      "ouroboros.learning.notices": "none",
      "ouroboros.completion.multiline": 3,
    };
    expect(parseEditorSettings(set)).toEqual({
      ...DEFAULT_EDITOR_SETTINGS,
      "ouroboros.completion.enabled": false,
      "ouroboros.learning.notices": "none",
    });
  });
});
