/**
 * The editor's settings as a VS Code manifest lists them, made from the schema: `contributes.configuration`, and the
 * English sentences that it refers to by name. Pure; `.ci/extensionManifest.mjs` writes what this gives.
 */

import { z } from "zod";
import { EDITOR_SETTING_SCOPES, editorSettingsSchema } from "./settings.js";

const TITLE_KEY = "configuration.title";

/** Name of a setting's sentence in package.nls*.json. */
function sentenceKey(setting: string): string {
  return `setting.${setting}`;
}

/** The part of the manifest under `contributes.configuration`. */
export function editorConfiguration() {
  const { properties = {} } = z.toJSONSchema(editorSettingsSchema, { io: "input" });
  const scopes: Readonly<Record<string, string>> = EDITOR_SETTING_SCOPES;
  const entries = Object.entries(properties).map(([setting, schema], order) => {
    const { description: _, ...type } = typeof schema === "boolean" ? {} : schema;
    return [setting, { ...type, scope: scopes[setting], order, description: `%${sentenceKey(setting)}%` }];
  });
  return { title: `%${TITLE_KEY}%`, properties: Object.fromEntries(entries) };
}

/** The sentences, by name, for package.nls.json. */
export function editorSettingSentences(): Readonly<Record<string, string>> {
  const entries = Object.entries(editorSettingsSchema.shape).map(([setting, schema]) => [
    sentenceKey(setting),
    schema.description ?? "",
  ]);
  return { [TITLE_KEY]: "Ouroboros", ...Object.fromEntries(entries) };
}
