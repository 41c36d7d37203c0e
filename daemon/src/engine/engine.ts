/**
 * The only seam between product logic and inference: what the daemon knows of the engine, types and values, is imported
 * from here. It never asks which engine is behind them: the native one, which `compose.ts` opens, or the fake one of
 * tests. What looks inside the engine or measures it (`@ouroboros/native/inspect`, `/kernels`) is open to lab/ and
 * models/ alone, and never serves.
 */

export {
  type Adapter,
  type AveragingOptions,
  BIG_MATRICES,
  type Cancellable,
  type Cancelled,
  convertModel,
  createEngine,
  type Engine,
  EngineError,
  type Finished,
  type FloatDType,
  type GenerateOptions,
  type Generation,
  loadTokenizer,
  MATRIX_TYPES,
  type MatrixType,
  MODEL_FORMATS,
  type Model,
  type ModelFile,
  type ModelInfo,
  type OptimizerOptions,
  type Precision,
  type Priority,
  type ReadOptions,
  type ReferenceLogits,
  readModelFile,
  readTensors,
  type Sampling,
  type Score,
  type State,
  type StepLimits,
  type Tensor,
  type Tokenizer,
  type TrainedParameters,
  type Trainer,
  type TrainerOptions,
  type TrainSequence,
  WEIGHT_TYPES,
  type WeightType,
} from "@ouroboros/native";
