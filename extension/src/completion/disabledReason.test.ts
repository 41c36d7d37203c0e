import { expect, test } from "vitest";
import { editorSettingsSchema } from "../../../configs/src/settings.js";
import { disabledReason } from "./disabledReason.js";

const usual: Parameters<typeof disabledReason>[0] = {
  settings: editorSettingsSchema.parse({}),
  isGlobDisabled: false,
  isCorrecting: false,
};
const off = editorSettingsSchema.parse({ "ouroboros.completion.enabled": false });

test.each<[string, Partial<typeof usual>, ReturnType<typeof disabledReason>]>([
  ["suggests as a rule", {}, undefined],
  ["is silent while a correction is written", { isCorrecting: true }, "correcting"],
  ["is silent where the language is off", { settings: off }, "setting"],
  ["is silent in files that a glob names", { isGlobDisabled: true }, "glob"],
])("%s", (_name, changes, expected) => expect(disabledReason({ ...usual, ...changes })).toBe(expected));
