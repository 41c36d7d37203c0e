/**
 * The engine with its lid open: logits, intermediates, gradients and training curves of small models, copied out.
 * For conformance, tests and the comparison of models; nothing that serves a user imports this file. Every call is
 * synchronous.
 *
 * Arrays are row-major float32. T = tokens, V = vocabulary, L = layers, D = width, H = heads, N = 64 = head size.
 * Parameters are named and shaped as in the checkpoint (`blocks.0.att.w1` is [D,r]); linear weights are [out,in].
 * LoRA tensors are named `blocks.0.att.key.lora_A` [r,in] and `.lora_B` [out,r]: y = W x + (alpha / r) B (A x).
 * Losses: mean cross-entropy over all labels of the batch that are not IGNORED_LABEL.
 */

import { loadAddon } from "./addon.js";
import { EngineError } from "./errors.js";
import { guarded } from "./rethrow.js";
import type {
  InstructionSet,
  ModelInfo,
  MuonOptions,
  OptimizerOptions,
  Precision,
  WeightType,
} from "./types.js";

export { createSampler, isUncounted } from "./sampler.js";

/** A label that is not counted. */
export const IGNORED_LABEL = -100;

export interface NamedTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}
export type NamedTensors = Readonly<Record<string, NamedTensor>>;
type NamedArrays = Readonly<Record<string, Float32Array>>;

/** A State by its parts. wkv rows are value channels, columns key channels. */
export interface StateArrays {
  /** [L,D] output of ln1 at the last position. */
  readonly attShift: Float32Array;
  /** [L,D] output of ln2 at the last position. */
  readonly ffnShift: Float32Array;
  /** [L,H,N,N] */
  readonly wkv: Float32Array;
}

/** The rank is read from the shapes. */
export interface LoraTensors {
  readonly alpha: number;
  readonly tensors: NamedTensors;
}

export interface InspectSequence {
  /** [T] inputs. */
  readonly tokens: Uint32Array;
  /** [T] target of the logits at the same position (already shifted), or IGNORED_LABEL. */
  readonly labels: Int32Array;
  /** State before tokens[0]; default zero. */
  readonly state?: StateArrays;
}

export interface LogitsOptions {
  readonly tokens: Uint32Array;
  /** State before tokens[0]; default zero. */
  readonly state?: StateArrays;
  /** `sequence`: all tokens as rows of matrices, as prefill does; `step`: one at a time, as decode does. */
  readonly mode: "sequence" | "step";
  /** Tokens per pass of sequence mode, the State carried between passes; default: the engine's own choice. */
  readonly chunk?: number;
  /** Acts on every token. */
  readonly lora?: LoraTensors;
  /** By the network that serves, its matrices in this type; default: by the one that trains, in float32. */
  readonly weights?: WeightType;
}
export interface InspectedLogits {
  /** [T,V] */
  readonly logits: Float32Array;
  /** After the last token. */
  readonly state: StateArrays;
}

export interface GradientOptions {
  /** One batch. */
  readonly sequences: readonly InspectSequence[];
  /** Adds 1e-4 / (B T) * max logit to the logit gradient at the arg-max of every position; the loss value stays. */
  readonly l2wrap?: boolean;
  /** Truncated backpropagation: all three parts of the State are carried, but detached, every so many tokens. */
  readonly detachEvery?: number;
  /** When given, only its tensors have gradients: the checkpoint is frozen. */
  readonly lora?: LoraTensors;
}
export interface InspectedGradients {
  readonly loss: number;
  /** Of every tensor of the checkpoint (of the LoRA when given); zeros where a tensor does not influence the loss. */
  readonly gradients: NamedArrays;
  /** Of the initial State of each sequence, in order. */
  readonly stateGradients: readonly StateArrays[];
}

export interface TrainCurveOptions {
  /** The same batch at every step. */
  readonly sequences: readonly InspectSequence[];
  readonly steps: number;
  readonly learningRate: number;
  /** As for a Trainer: parameters without influence on the loss are not touched, not even by weight decay. */
  readonly optimizer: OptimizerOptions;
  readonly l2wrap?: boolean;
  /** When given, only its tensors are trained; default: every parameter of the checkpoint. */
  readonly lora?: LoraTensors;
}
export interface TrainCurve {
  /** [steps + 1] before each step and after the last. */
  readonly losses: readonly number[];
  /** [steps] before clipping. */
  readonly gradientNorms: readonly number[];
  /** After the last step: every trained tensor, float32 masters. What cannot influence the loss may be absent. */
  readonly parameters: NamedArrays;
}

/** One checkpoint, loaded for inspection. No call changes it. One call at a time. */
export interface Inspect {
  readonly info: ModelInfo;
  logits(options: LogitsOptions): InspectedLogits;
  /**
   * From the zero State, in sequence mode. `ln0_out`, `ln_out` [T,D], `logits` [T,V] and, for each block, as
   * `blocks.0.xr`, all [T,D]: ln1_out; xr xw xk xv xa xg (after token shift); r; decay (the factor in (0.545,1));
   * k (after k_a); v (after the value residual); a; g; kk (normalised); wkv_out (before ln_x); ln_x_out; bonus;
   * att_out; ln2_out; ffn_out; x_out (residual stream after the block).
   */
  dump(options: { readonly tokens: Uint32Array }): NamedArrays;
  gradients(options: GradientOptions): InspectedGradients;
  trainCurve(options: TrainCurveOptions): TrainCurve;
}

/** One matrix that is served packed. */
export interface RoundingError {
  readonly name: string;
  /** Its own type: q8 for the head of a q4 model. */
  readonly weights: WeightType;
  readonly bytes: number;
  /** |W - W'| / |W| by the root of summed squares, W' being what the packed matrix holds. */
  readonly error: number;
}

interface NativeInspect extends Inspect {
  /** Of every packed matrix, in the order of the model's tensors. Throws EngineError `argument` after overrides. */
  roundingErrors(options: { readonly weights: WeightType }): readonly RoundingError[];
}

interface OpenInspectOptions {
  /** A checkpoint in any format that the engine loads. */
  readonly path: string;
  /** Laid over the file's tensors of the same names and shapes before anything is computed; not for `weights`. */
  readonly overrides?: NamedTensors;
  readonly threads?: number;
  readonly instructionSet?: InstructionSet;
  /** Of all matrix products; default: f32. */
  readonly precision?: Precision;
}

/** One AdamW update of one tensor, by the function that a Trainer uses. */
export interface AdamWOptions {
  readonly parameter: Float32Array;
  readonly gradient: Float32Array;
  /** Moments after the previous step; zeros before step 1. */
  readonly m: Float32Array;
  readonly v: Float32Array;
  /** Counts from 1; used for bias correction. */
  readonly step: number;
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}
export type AdamWResult = Pick<AdamWOptions, "parameter" | "m" | "v">;

/** One Muon update of one matrix, by the function that a Trainer uses. */
export interface MuonUpdate {
  readonly rows: number;
  readonly columns: number;
  /** [rows, columns], as all three. */
  readonly parameter: Float32Array;
  readonly gradient: Float32Array;
  /** After the previous step; zeros before the first. */
  readonly momentum: Float32Array;
  readonly learningRate: number;
  /** Decay: 0 by default. */
  readonly muon: MuonOptions;
  readonly threads: number;
  readonly instructionSet?: InstructionSet;
}
type MuonResult = Pick<MuonUpdate, "parameter" | "momentum">;

/** What the conformance runner needs of an engine. An independent implementation can stand in for the native one. */
export interface Inspector {
  /** Throws EngineError as loading a Model does; `argument` when an override fits no tensor. */
  openInspect(options: OpenInspectOptions): Inspect;
  /** Pure: returns new arrays. */
  adamw(options: AdamWOptions): AdamWResult;
}

interface NativeInspector extends Inspector {
  /** Pure: returns new arrays. */
  muon(update: MuonUpdate): MuonResult;
  openInspect(options: OpenInspectOptions): NativeInspect;
}

/** The native engine's part of the addon's exports. */
interface InspectAddon {
  openInspect(options: OpenInspectOptions): NativeInspect;
  inspectAdamW(options: AdamWOptions): AdamWResult;
  inspectMuon(update: MuonUpdate): MuonResult;
}

function isInspectAddon(addon: unknown): addon is InspectAddon {
  return typeof addon === "object" && addon !== null && "openInspect" in addon && "inspectAdamW" in addon;
}

/** Throws EngineError when the addon is missing or was built without the inspect binding. */
export function nativeInspector(): NativeInspector {
  const addon = loadAddon();
  if (!isInspectAddon(addon)) {
    throw new EngineError("internal", "the native engine lacks its inspect binding; run `npm run build`");
  }
  return {
    openInspect: (options) => inspectOver(guarded(() => addon.openInspect(options))),
    adamw: (options) => guarded(() => addon.inspectAdamW(options)),
    muon: (update) => guarded(() => addon.inspectMuon(update)),
  };
}

function inspectOver(native: NativeInspect): NativeInspect {
  return {
    info: native.info,
    logits: (options) => guarded(() => native.logits(options)),
    dump: (options) => guarded(() => native.dump(options)),
    gradients: (options) => guarded(() => native.gradients(options)),
    trainCurve: (options) => guarded(() => native.trainCurve(options)),
    roundingErrors: (options) => guarded(() => native.roundingErrors(options)),
  };
}
