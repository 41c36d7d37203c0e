import { describe, expect, test } from "vitest";
import { parseSettings } from "./parseSettings.js";
import { DEFAULT_SETTINGS, SETTING_KEYS } from "./settings.js";

const messagesOf = (raw: unknown) => parseSettings(raw).problems.map(({ message }) => message);

describe("settings", () => {
  test("an empty file means the defaults", () => {
    expect(parseSettings({})).toEqual({ settings: DEFAULT_SETTINGS, problems: [] });
  });

  test("keeps what the user set and fills in the rest", () => {
    expect(parseSettings({ "ouroboros.engine.threads": 3 })).toEqual({
      settings: { ...DEFAULT_SETTINGS, "ouroboros.engine.threads": 3 },
      problems: [],
    });
  });

  test.each([
    ["ouroboros.engine.thread", "ouroboros.engine.threads"],
    ["ouroboros.completion.topp", "ouroboros.completion.topP"],
    ["engine.threads", "ouroboros.engine.threads"],
    ["temperature", "ouroboros.completion.temperature"],
  ])("an unknown key %s is ignored, and the near one named", (wrong, near) => {
    expect(parseSettings({ [wrong]: 1 }).settings).toEqual(DEFAULT_SETTINGS);
    expect(messagesOf({ [wrong]: 1 })).toEqual([
      `"${wrong}" is no setting and is ignored; did you mean "${near}"?`,
    ]);
  });

  test.each(["ouroboros.newer.setting", "editor.fontSize", "", "constructor", "toString", "hasOwnProperty"])(
    "an unknown key %j that is near none is ignored without a guess",
    (key) => expect(messagesOf({ [key]: 1 })).toEqual([`"${key}" is no setting and is ignored`]),
  );

  test("a setting of the editor says where it belongs", () => {
    expect(messagesOf({ "ouroboros.completion.enabled": false })).toEqual([
      '"ouroboros.completion.enabled" is a setting of the editor and has no effect here',
    ]);
  });

  test.each([
    [
      "ouroboros.engine.threads",
      "two",
      '"two" where a whole number from 0 to 256 is expected; 0, the default',
    ],
    ["ouroboros.engine.threads", 1.5, "1.5 where a whole number from 0 to 256 is expected; 0, the default"],
    ["ouroboros.completion.temperature", -1, "-1 where a number from 0 to 10 is expected; 0, the default"],
    ["ouroboros.completion.topK", null, "null where a whole number from 0 on is expected; 0, the default"],
    [
      "ouroboros.completion.tokensMax",
      0,
      "0 where a whole number from 1 to 4096 is expected; 48, the default",
    ],
    [
      "ouroboros.daemon.logLevel",
      ["info"],
      '["info"] where one of "error", "warn", "info", "debug" is expected; "info", the default',
    ],
  ])("%s: %j gives way to its default, and the others stay", (key, value, expected) => {
    const { settings, problems } = parseSettings({ "ouroboros.http.port": 4711, [key]: value });
    expect(settings).toEqual({ ...DEFAULT_SETTINGS, "ouroboros.http.port": 4711 });
    expect(problems).toEqual([{ key, message: `"${key}" is ${expected}, is used instead` }]);
  });

  test("every setting can say what it expects", () => {
    for (const key of SETTING_KEYS) {
      expect(messagesOf({ [key]: {} })[0]).toMatch(
        / is \{\} where (one of "|a (whole )?number from \d).* is used instead$/,
      );
    }
  });

  test.each([[[]], [null], ["text"], [3]])("%j is not settings: one sentence, and the defaults", (raw) => {
    expect(parseSettings(raw).settings).toEqual(DEFAULT_SETTINGS);
    expect(messagesOf(raw)).toEqual([
      "it must hold one JSON object of settings; the defaults are used instead",
    ]);
  });

  test("of much that is wrong, a little is told, each in a short line", () => {
    const much = Object.fromEntries(
      Array.from({ length: 1000 }, (_, at) => [`${"x\n".repeat(500)}${at}`, "y"]),
    );
    expect(messagesOf(much)).toHaveLength(10);
    for (const message of messagesOf(much)) expect(message).toMatch(/^.{1,150}$/);
  });
});
