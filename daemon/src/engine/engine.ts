/**
 * The Engine interface: the only seam between product logic and inference. The daemon's modules import these
 * types from here; which engine is behind them (`nativeEngine.ts`, or `fakeEngine.ts` in tests) they never know.
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
} from "@ouroboros/native";
