/** What the other packages see of the settings and the training profiles. */

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
export {
  type LearningRateSchedule,
  learningRateAt,
  MODEL_SHAPES,
  type ModelShapeConfig,
  TRAINING_PROFILES,
  type TrainingProfile,
  type TrainingRun,
  trainingProfileSchema,
} from "./trainingProfile.js";
