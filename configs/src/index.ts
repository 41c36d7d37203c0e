/** What the other packages see of the settings and the training recipes. */

export { editDistance } from "./editDistance.js";
export { parseSettings, type SettingsProblem } from "./parseSettings.js";
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
export { ROLE_MAPS, type Role, type RoleMap, type RoleMark } from "./roleMap.js";
export { DEFAULT_SETTINGS, type Settings } from "./settings.js";
