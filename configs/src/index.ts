/** What the other packages see of the settings and the training recipes. */

export { editDistance } from "./editDistance.js";
export {
  type ContextStage,
  type GuardConfig,
  type LearningRateSchedule,
  learningRateAt,
  type ModelShapeConfig,
  type OptimizerConfig,
  PRETRAINING_CONFIGS,
  type PretrainingConfig,
  pretrainingSchema,
  stepsOf,
} from "./pretraining.js";
export { ROLE_MAPS, type Role, type RoleMap, type RoleMark, roleMapSchema } from "./roleMap.js";
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
