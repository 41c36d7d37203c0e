/** Reads this extension's settings for one document, or for the window. What they are stands in configs/. */

import * as vscode from "vscode";
import {
  type EditorSettings,
  editorSettingsSchema,
  parseEditorSettings,
} from "../../configs/src/settings.js";

const KEYS = Object.keys(editorSettingsSchema.shape);

/** VS Code underlines a wrong value where it stands, but hands it over all the same. */
export function settingsFor(document?: vscode.TextDocument): EditorSettings {
  const configuration = vscode.workspace.getConfiguration(undefined, document ?? null);
  return parseEditorSettings(Object.fromEntries(KEYS.map((key) => [key, configuration.get(key)])));
}

export function isUnderGlob(document: vscode.TextDocument, globs: readonly string[]): boolean {
  return globs.some((pattern) => vscode.languages.match({ pattern }, document) > 0);
}
