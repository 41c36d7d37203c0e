/**
 * The boundary between TypeScript and the native engine, whole, in one reviewable file.
 *
 * Tokens cross as Uint32Array copies; logits and weights never cross (but through `inspect.ts`, for tests).
 * A State, an Adapter, reference logits and a Trainer cross as opaque handles that the garbage collector frees.
 * Every long call takes an AbortSignal and resolves to `{ kind: "cancelled" }` once it has stopped.
 * Native failures arrive as `EngineError` with a `code` of `ENGINE_ERROR_CODES`.
 */

declare const brand: unique symbol;
/** Opaque native value: RWKV's recurrent memory after some tokens. Immutable; fixed size; share it freely. */
export interface State {
  readonly [brand]: "State";
}
/** Opaque native value: trained tensors laid over one checkpoint. Immutable once published. */
export interface Adapter {
  readonly [brand]: "Adapter";
}
/** Opaque native value: log-probabilities `[T, V]` that a Trainer holds a model close to. */
export interface ReferenceLogits {
  readonly [brand]: "ReferenceLogits";
}

export interface Cancelled {
  readonly kind: "cancelled";
}
export type Finished<T> = (T & { readonly kind: "finished" }) | Cancelled;

export interface Cancellable {
  readonly signal?: AbortSignal;
}

/** Sizes read from the tensors of a checkpoint; D = width = heads * headSize. */
export interface ModelInfo {
  readonly layers: number;
  readonly width: number;
  readonly heads: number;
  readonly headSize: number;
  readonly vocabularySize: number;
  readonly ffnWidth: number;
  readonly loraRanks: { readonly w: number; readonly a: number; readonly v: number; readonly g: number };
  readonly parameters: number;
  /** sha256 of the checkpoint file, lower-case hex; of the little-endian tensors for a model made in memory. */
  readonly hash: string;
}

/** The shape of a model to be initialised (rwkv7.md iv). `loraRanks` default to the official formulas. */
export interface ModelShape {
  readonly layers: number;
  readonly width: number;
  readonly vocabularySize: number;
  readonly ffnWidth?: number;
  readonly loraRanks?: ModelInfo["loraRanks"];
}

export interface EngineOptions {
  /** Kernel threads; default: physical cores. */
  readonly threads?: number;
  /** Highest instruction set to use; default, and where it is another kind of processor's: the best of this one. */
  readonly instructionSet?: InstructionSet;
  /** Of training's matrix products; default: the faster one here, by a trial. Sums and weights stay float32. */
  readonly precision?: Precision;
}
export type InstructionSet = "scalar" | "avx2" | "avx512" | "neon";
export type Precision = "f32" | "bf16";

/**
 * Owns the generate thread, the train thread, a thread that loads files, and the kernel pool. Safe to use from one
 * JavaScript thread. Reads, scores, references and Generations may all be under way at once, 64 of them; one more
 * fails with code `argument`.
 */
export interface Engine {
  readonly threads: number;
  readonly instructionSet: InstructionSet;
  /** Of training; f32 where bf16 was asked for in vain. */
  readonly precision: Precision;
  /** Rejects with the signal's reason when it was aborted. Default weights: what the file holds; f32 for f16. */
  loadModel(options: { readonly path: string; readonly weights?: WeightType } & Cancellable): Promise<Model>;
  /** A fresh model with the official initial values (rwkv7.md iv), a pure function of shape and seed. Default weights: f32. */
  initialModel(options: {
    readonly shape: ModelShape;
    readonly seed: number;
    readonly weights?: WeightType;
  }): Promise<Model>;
  /**
   * Gives memory that is free back to the system, behind the training calls before it. What handles hold is free once
   * JavaScript's collector has found that nobody has them any more.
   */
  releaseMemory(): Promise<void>;
  /** Stops all threads after the running slice; later calls fail with code `closed`. Idempotent. */
  close(): void;
}

/**
 * How the matrices of a model are kept for reading and writing: f32 and bf16 meet f32 activations; q8 and q4 (groups
 * of 32 that share a scale; with q4 the head is q8) meet activations in int8. Training always starts from the file's
 * own numbers.
 */
export const WEIGHT_TYPES = ["f32", "bf16", "q8", "q4"] as const;
export type WeightType = (typeof WEIGHT_TYPES)[number];

/**
 * Reads, scores and Generations give the same bits however a text is cut into calls, whatever runs beside them, and
 * for every number of threads; a Trainer's own score agrees with them within rounding.
 */
export interface Model {
  readonly info: ModelInfo;
  readonly weights: WeightType;
  /** Of what reading and writing use; a Trainer needs more. */
  readonly bytes: number;
  /** What one of its values holds. */
  bytesOf(value: State | Adapter | ReferenceLogits): number;
  /** The State before any token: all zeros. */
  zeroState(): State;
  /**
   * Where a run with this adapter starts: at `state` (default: the zero State), changed by the adapter's tuned State if
   * it has one. Call it once, where the adapter begins to act; runs themselves do not add anything.
   */
  initialState(options: { readonly adapter: Adapter; readonly state?: State }): State;
  stateToBytes(state: State): Uint8Array;
  /** Throws EngineError `state` when the bytes are not a State of this model's shape. */
  stateFromBytes(bytes: Uint8Array): State;
  /** Reads tokens after `state` and returns the State after them. With an adapter, every token is read by the adapted model. */
  read(options: ReadOptions): Promise<Finished<{ readonly state: State }>>;
  /**
   * Reads `tokens` (at least one) with the adapter, then writes. The adapter therefore acts from the first of
   * `tokens` on: pass the State of everything before the boundary.
   */
  generate(options: GenerateOptions): Promise<Generation>;
  /** Teacher-forced: for t in 1..tokens.length-1, how `tokens[t]` fared given all before it. */
  score(options: ReadOptions): Promise<Finished<Score>>;
  /** Log-probabilities over `tokens[0..T-1)` positions for later use as a KL reference. */
  reference(options: ReadOptions): Promise<Finished<{ readonly logits: ReferenceLogits }>>;
  loadAdapter(options: { readonly path: string }): Promise<Adapter>;
  createTrainer(options: TrainerOptions): Trainer;
}

/**
 * Who goes first on the generate thread, which changes from call to call after each slice: 256 tokens read by one
 * layer, or one token written. Calls of one class take turns; a lower class gets some 5 % of the time while a higher
 * one works. What a call computes does not depend on it, nor on what runs beside it. `background` lets training go on
 * undisturbed.
 */
export type Priority = "interactive" | "chat" | "background";

export interface ReadOptions extends Cancellable {
  /** Default: `interactive`. */
  readonly priority?: Priority;
  readonly state: State;
  readonly tokens: Uint32Array;
  readonly adapter?: Adapter;
}

export interface Sampling {
  /** 0 = greedy (as topP 0). */
  readonly temperature: number;
  readonly topP: number;
  /** 0 = off. */
  readonly topK: number;
  readonly alphaPresence: number;
  readonly alphaFrequency: number;
  /** Factor on all counts after each token. */
  readonly alphaDecay: number;
  /** 1 = off. */
  readonly repetitionPenalty: number;
  readonly tokenBan: Uint32Array;
  readonly seed: number;
}

export interface GenerateOptions extends ReadOptions {
  readonly sampling: Sampling;
  readonly tokensMax: number;
  /** Ends the Generation; the stop token is not part of the result. */
  readonly stopTokens: Uint32Array;
  /** Ends it when the bytes written so far contain one (UTF-8); the result holds the tokens up to and with the match. Needs `tokenizer`. */
  readonly stopStrings?: readonly string[];
  readonly tokenizer?: Tokenizer;
  /** Called on the JavaScript thread, in order, once per token. */
  readonly onToken?: (token: number, logProbability: number) => void;
}

export interface Generation {
  readonly kind: "finished" | "cancelled";
  readonly tokens: Uint32Array;
  /** Natural-log probability of each token under the adapted model, before any sampling filter. */
  readonly logProbabilities: Float32Array;
  readonly stoppedBy: "token" | "string" | "limit" | "cancel";
}

export interface Score {
  /** `[T-1]` natural-log probability of the next token. */
  readonly logProbabilities: Float32Array;
  /** `[T-1]` the most probable token at each position. */
  readonly best: Uint32Array;
  /** `[T-1]` logit of the target minus the best other logit; positive = the target is the arg-max. */
  readonly margins: Float32Array;
}

export const BIG_MATRICES = [
  "att.receptance",
  "att.key",
  "att.value",
  "att.output",
  "ffn.key",
  "ffn.value",
] as const;
type BigMatrix = (typeof BIG_MATRICES)[number];

/**
 * What a Trainer changes. `whole` = private copies of the named tensors (all of them by default). `state` = what is added
 * to the wkv part of the State that a sequence starts from (`blocks.N.att.time_state`, as RWKV-PEFT names it): an
 * initial State where that is the zero State, an offset at the boundary elsewhere; see `Model.initialState`.
 */
export type TrainedParameters =
  | { readonly kind: "whole"; readonly names?: readonly string[] }
  | {
      readonly kind: "lora";
      readonly rank: number;
      readonly alpha: number;
      readonly targets: readonly BigMatrix[];
      /** Default: all. */
      readonly layers?: readonly number[];
    }
  | {
      readonly kind: "state";
      /** Default: all. */
      readonly layers?: readonly number[];
    };

export interface TrainerOptions {
  readonly parameters: TrainedParameters;
  /** Continue from this adapter (same kind and shape of parameters); default: the base. */
  readonly from?: Adapter;
  /** Seeds LoRA's A. */
  readonly seed: number;
  readonly optimizer: OptimizerOptions;
  /** Keep an average of the parameters, for the calls that take `weights: "averaged"`; default: none. */
  readonly averaging?: AveragingOptions;
  /**
   * Keep only the residual stream of each layer and compute the rest again on the way back: the same bits, less memory,
   * more time. Default `auto`: for batches that would keep more than 512 MB.
   */
  readonly checkpointing?: boolean | "auto";
}

/**
 * An exponential moving average over the applied steps, with its bias corrected: `decay` to the power of its age is a
 * step's part, the values before the first step have none.
 */
export interface AveragingOptions {
  /** From 0 to below 1; 0.999 averages over about a thousand steps. */
  readonly decay: number;
}

/** A Trainer's parameters as they stand, or their average (`TrainerOptions.averaging`). */
export interface TrainerWeights {
  /** Default: current. Throws EngineError `argument` for averaged ones that are not kept. */
  readonly weights?: "current" | "averaged";
}

/** AdamW as in conformance/README e; Muon for the big matrices of the layers where `muon` is given (MODEL.md 4). */
export interface OptimizerOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** Global gradient norm at most; 0 = off. */
  readonly clip: number;
  /** `official`: decay only on 2-D `.weight` tensors, `att.w0` at twice the rate without decay (rwkv7.md iv). */
  readonly groups: "uniform" | "official";
  /**
   * Updates `blocks.N.att.{receptance,key,value,output}.weight` and `blocks.N.ffn.{key,value}.weight` that are trained
   * whole; all else stays AdamW's. Refused (`argument`) where none is.
   */
  readonly muon?: MuonOptions;
}

/** Muon, with updates of the size of AdamW's, so that one learning rate serves both. */
export interface MuonOptions {
  /** From 0 to below 1; default 0.95. */
  readonly momentum?: number;
  /** Times `learningRate`; default 1. */
  readonly learningRateScale?: number;
  /** Decoupled, at the scaled rate; default: AdamW's. */
  readonly weightDecay?: number;
  /** Newton-Schulz iterations, 1 to 5; default 5. */
  readonly iterations?: number;
}

/** One training sequence: `tokens` [T+1]; the loss at position t compares the logits after tokens[t] with tokens[t+1]. */
export interface TrainSequence {
  readonly tokens: Uint32Array;
  /** `[T]` cross-entropy weight of each position; 0 masks it. */
  readonly weights: Float32Array;
  /** State before tokens[0]; default zero. Not trained; a State that is being tuned is added to it. */
  readonly state?: State;
  /** KL(reference || model) with `klWeights` [T], added to the weighted cross-entropy. */
  readonly reference?: ReferenceLogits;
  readonly klWeights?: Float32Array;
}

/** What became of a step. `not-finite`: its loss or gradient norm; `outlier`: one of them was above `skipAbove`. */
type StepOutcome = "applied" | "not-finite" | "outlier";

/** A step with more than this is not applied; what is not given is no limit. */
export interface StepLimits {
  readonly loss?: number;
  /** Before clipping. */
  readonly gradientNorm?: number;
}

export interface TrainStep {
  /** Σ w·CE / Σ w  +  Σ k·KL / Σ k over the batch. */
  readonly loss: number;
  readonly crossEntropy: number;
  readonly klDivergence: number;
  /** Before clipping. */
  readonly gradientNorm: number;
  /** Whether `outcome` is "applied"; if not, nothing has changed. */
  readonly applied: boolean;
  readonly outcome: StepOutcome;
}

/** Owner of optimizer moments and of the Adapter under construction. One call at a time. */
export interface Trainer {
  step(
    options: {
      readonly sequences: readonly TrainSequence[];
      readonly learningRate: number;
      /** Adds the official L2Wrap term; default off. */
      readonly l2wrap?: boolean;
      /** Takes so many sequences through at a time and adds up their gradients; default: all. */
      readonly sequencesAtOnce?: number;
      /**
       * Takes longer sequences through in windows of so many tokens. States are carried from one to the next, gradients
       * are not. Default: whole sequences.
       */
      readonly detachEvery?: number;
      /** Leaves outliers out: a batch that would throw the training back. Default: none. */
      readonly skipAbove?: StepLimits;
    } & Cancellable,
  ): Promise<Finished<TrainStep>>;
  /** Scores sequences under the parameters as they stand now; a State that is being tuned is added to `state`. */
  score(
    options: { readonly state: State; readonly tokens: Uint32Array } & TrainerWeights & Cancellable,
  ): Promise<Finished<Score>>;
  /** An immutable copy. Matrices are rounded to bf16 as on disk, so what was proven is what will be loaded. */
  publish(options?: TrainerWeights): Promise<Adapter>;
  /** Atomic: temp + fsync + rename. `metadata` goes into the safetensors header. */
  saveAdapter(options: {
    readonly adapter: Adapter;
    readonly path: string;
    readonly metadata: Readonly<Record<string, string>>;
  }): Promise<void>;
  /** The whole model with the trained parameters laid in (kind `whole` only). */
  saveCheckpoint(
    options: { readonly path: string; readonly precision: "f32" | "bf16" } & TrainerWeights,
  ): Promise<void>;
  /** Parameters, moments, step count and average, exact: training goes on bit for bit. Atomic. */
  save(options: { readonly path: string }): Promise<void>;
  /**
   * Throws EngineError `adapter` for the state of other parameters, or of a training with the other optimizer. An
   * average that the file lacks begins anew; one that this Trainer does not keep is left.
   */
  restore(options: { readonly path: string }): Promise<void>;
  /** Steps applied so far. */
  readonly steps: number;
  /**
   * Gives back its memory, after the calls before it; later calls fail with code `closed`. Without it that happens when the
   * collector finds the Trainer, which in an idle process is never. Idempotent.
   */
  close(): Promise<void>;
}

/** Greedy longest match over bytes. Immutable, thread safe. */
export interface Tokenizer {
  /** Highest id + 1, counting id 0 (end of document, which has no bytes). */
  readonly size: number;
  /** sha256 of the vocabulary file. */
  readonly hash: string;
  encode(text: string | Uint8Array): Uint32Array;
  /** The bytes of the tokens; id 0 has none. Throws EngineError `token` on an id without an entry. */
  decodeBytes(tokens: Uint32Array): Uint8Array;
  /** Lossy only where bytes are not UTF-8 (U+FFFD). */
  decode(tokens: Uint32Array): string;
  /** The bytes of one token, or undefined where the id has none. */
  bytesOf(token: number): Uint8Array | undefined;
}
