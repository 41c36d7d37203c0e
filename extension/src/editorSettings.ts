/** Reads this extension's settings for one document, or for the window. What they are stands in configs/. */

import * as vscode from "vscode";
import {
  DEFAULT_EDITOR_SETTINGS,
  type EditorSettings,
  editorSettingsSchema,
} from "../../configs/src/settings.js";

const KEYS = Object.keys(editorSettingsSchema.shape);

export function settingsFor(document?: vscode.TextDocument): EditorSettings {
  const configuration = vscode.workspace.getConfiguration(undefined, document ?? null);
  const parsed = editorSettingsSchema.safeParse(
    Object.fromEntries(KEYS.map((key) => [key, configuration.get(key)])),
  );
  // VS Code underlines a wrong value where it stands, but hands it over all the same.
  return parsed.success ? parsed.data : DEFAULT_EDITOR_SETTINGS;
}

export function isUnderGlob(document: vscode.TextDocument, globs: readonly string[]): boolean {
  return globs.some((pattern) => vscode.languages.match({ pattern }, document) > 0);
}
