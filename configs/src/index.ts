/** What the other packages see of the settings and the training profiles. */

export {
  DEFAULT_SETTINGS,
  nearestKey,
  type ParsedSettings,
  parseSettings,
  SETTING_KEYS,
  type SettingKey,
  type Settings,
  settingsSchema,
} from "./settings.js";
