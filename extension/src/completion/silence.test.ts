import { expect, test } from "vitest";
import { editorSettingsSchema } from "../../../configs/src/settings.js";
import { type Moment, whySilent } from "./silence.js";

const usual: Moment = {
  settings: editorSettingsSchema.parse({}),
  isGlobDisabled: false,
  isCapturing: false,
};
const off = editorSettingsSchema.parse({ "ouroboros.completion.enabled": false });

test.each<[string, Partial<Moment>, ReturnType<typeof whySilent>]>([
  ["suggests as a rule", {}, undefined],
  ["is silent while a correction is written", { isCapturing: true }, "capturing"],
  ["is silent where the language is off", { settings: off }, "disabled"],
  ["is silent in files that a glob names", { isGlobDisabled: true }, "glob"],
])("%s", (_name, changes, expected) => expect(whySilent({ ...usual, ...changes })).toBe(expected));
