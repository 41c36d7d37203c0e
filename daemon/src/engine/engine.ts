/**
 * The Engine interface: the only seam between product logic and inference. The daemon's modules import these types
 * from here and never know which engine is behind them: the native one, which `compose.ts` opens, or the fake one
 * of tests.
 */

export type {
  Adapter,
  Cancellable,
  Cancelled,
  Engine,
  Finished,
  GenerateOptions,
  Generation,
  InstructionSet,
  Model,
  ModelInfo,
  OptimizerOptions,
  Priority,
  ReadOptions,
  ReferenceLogits,
  Sampling,
  Score,
  State,
  Tokenizer,
  TrainedParameters,
  Trainer,
  TrainerOptions,
  TrainSequence,
  TrainStep,
  WeightType,
} from "@ouroboros/native";
