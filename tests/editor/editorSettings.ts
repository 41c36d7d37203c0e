/** User settings that every window of the editor tests has: nothing that asks, greets, updates or draws attention. */

export type Settings = Readonly<Record<string, unknown>>;
export type Theme = "light" | "dark";

export const ALWAYS: Settings = {
  // In a folder that is not trusted, extensions are not started.
  "security.workspace.trust.enabled": false,
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
  "workbench.enableExperiments": false,
  // The built-in chat would start a process that fails without its packages.
  "chat.disableAIFeatures": true,
  // Its side bar would take a quarter of the window, empty.
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  // Nothing is between two looks of a picture.
  "workbench.reduceMotion": "on",
  // A server that an extension starts is not announced.
  "remote.autoForwardPorts": false,
  "telemetry.telemetryLevel": "off",
  "update.mode": "none",
  "extensions.autoUpdate": false,
  "extensions.autoCheckUpdates": false,
  "extensions.ignoreRecommendations": true,
  "git.enabled": false,
  "editor.minimap.enabled": false,
  "files.autoSave": "off",
  // Words of the document would compete with ghost text for the Tab key.
  "editor.wordBasedSuggestions": "off",
};

export const THEMES = {
  light: { "workbench.colorTheme": "Default Light Modern" },
  dark: { "workbench.colorTheme": "Default Dark Modern" },
} as const satisfies Record<Theme, Settings>;
