/** Engine, Model and Trainer over the addon: checks arguments, wires AbortSignals, gives results their types. */

import { setMaxListeners } from "node:events";
import { loadAddon } from "./addon.js";
import { EngineError } from "./errors.js";
import { guarded, rethrow } from "./rethrow.js";
import { tokenizerHandle } from "./tokenizer.js";
import type {
  Adapter,
  Cancellable,
  Cancelled,
  Engine,
  EngineOptions,
  Finished,
  GenerateOptions,
  Generation,
  InstructionSet,
  Model,
  Precision,
  ReadOptions,
  ReferenceLogits,
  Score,
  State,
  Trainer,
  TrainerOptions,
  TrainStep,
} from "./types.js";

/** A running native call: the promise settles in any case, cancel() asks it to settle soon. */
export interface NativeJob<Result> {
  readonly promise: Promise<Result>;
  cancel(): void;
}
type Handle = unknown;
const handles = new WeakMap<Engine, Handle>();

/** The addon's own object, for calls into the addon that take an engine. */
export function engineHandle(engine: Engine): unknown {
  const handle = handles.get(engine);
  if (handle === undefined) throw new TypeError("The engine was not made by createEngine.");
  return handle;
}

interface NativeModel extends Pick<Model, "info" | "weights" | "bytes"> {
  readonly handle: Handle;
}

/** The engine's part of the addon's exports (native/src/binding/engine_binding.cc, trainer_binding.cc). */
interface EngineAddon {
  createEngine(options: EngineOptions): {
    readonly handle: Handle;
    readonly threads: number;
    readonly instructionSet: InstructionSet;
    readonly precision: Precision;
  };
  closeEngine(engine: Handle): void;
  releaseMemory(engine: Handle): NativeJob<undefined>;
  bytesOf(value: State | Adapter | ReferenceLogits): number;
  loadModel(engine: Handle, options: object): NativeJob<NativeModel>;
  initialModel(engine: Handle, options: object): NativeJob<NativeModel>;
  zeroState(model: Handle): State;
  initialState(model: Handle, options: object): State;
  stateToBytes(model: Handle, options: { readonly state: State }): Uint8Array;
  stateFromBytes(model: Handle, bytes: Uint8Array): State;
  read(model: Handle, options: object): NativeJob<Finished<{ readonly state: State }>>;
  score(model: Handle, options: object): NativeJob<Finished<Score>>;
  reference(model: Handle, options: object): NativeJob<Finished<{ readonly logits: ReferenceLogits }>>;
  generate(model: Handle, options: object): NativeJob<Generation>;
  loadAdapter(model: Handle, options: object): NativeJob<Adapter>;
  createTrainer(model: Handle, options: TrainerOptions): Handle;
  trainerStep(trainer: Handle, options: object): NativeJob<Finished<TrainStep>>;
  trainerScore(trainer: Handle, options: object): NativeJob<Finished<Score>>;
  trainerPublish(trainer: Handle, options: object): NativeJob<Adapter>;
  trainerSaveAdapter(trainer: Handle, options: object): NativeJob<undefined>;
  trainerSaveCheckpoint(trainer: Handle, options: object): NativeJob<undefined>;
  trainerSave(trainer: Handle, options: object): NativeJob<undefined>;
  trainerRestore(trainer: Handle, options: object): NativeJob<undefined>;
  trainerSteps(trainer: Handle): number;
  closeTrainer(trainer: Handle): NativeJob<undefined>;
}

function isEngineAddon(addon: unknown): addon is EngineAddon {
  return typeof addon === "object" && addon !== null && "createEngine" in addon;
}

const THREADS_MAX = 256;

/** Starts an engine: its threads and its pool. It lives until close() or the end of the process. */
export function createEngine(options: EngineOptions = {}): Engine {
  const addon = loadAddon();
  if (!isEngineAddon(addon)) {
    throw new EngineError("internal", "the native addon lacks the engine; run `npm run build`");
  }
  const { threads } = options;
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1 && threads <= THREADS_MAX)) {
    throw new TypeError(`Engine threads must be a whole number from 1 to ${THREADS_MAX}.`);
  }
  const native = guarded(() => addon.createEngine(options));
  const engine: Engine = {
    threads: native.threads,
    instructionSet: native.instructionSet,
    precision: native.precision,
    async loadModel(request) {
      requireText(request.path, "Engine.loadModel needs the path of a checkpoint.");
      request.signal?.throwIfAborted();
      const { path, weights } = request;
      const loaded = await run(() => addon.loadModel(native.handle, { path, weights }), request.signal);
      request.signal?.throwIfAborted();
      return modelOver(addon, loaded);
    },
    async initialModel(request) {
      requireSeed(request.seed);
      return modelOver(addon, await run(() => addon.initialModel(native.handle, request)));
    },
    releaseMemory: () => run(() => addon.releaseMemory(native.handle)),
    close: () => addon.closeEngine(native.handle),
  };
  handles.set(engine, native.handle);
  return engine;
}

function modelOver(addon: EngineAddon, native: NativeModel): Model {
  const { handle, info, weights, bytes } = native;
  return {
    info,
    weights,
    bytes,
    bytesOf: (value) => guarded(() => addon.bytesOf(value)),
    zeroState: () => guarded(() => addon.zeroState(handle)),
    initialState: (options) => guarded(() => addon.initialState(handle, options)),
    stateToBytes: (state) => guarded(() => addon.stateToBytes(handle, { state })),
    stateFromBytes(bytes) {
      if (!(bytes instanceof Uint8Array)) throw new TypeError("Model.stateFromBytes needs a Uint8Array.");
      return guarded(() => addon.stateFromBytes(handle, bytes));
    },
    async read(options) {
      requireTokens(options, 0);
      return runUnlessAborted(() => addon.read(handle, options), CANCELLED, options.signal);
    },
    async score(options) {
      requireTokens(options, 2);
      return runUnlessAborted(() => addon.score(handle, options), CANCELLED, options.signal);
    },
    async reference(options) {
      requireTokens(options, 1);
      return runUnlessAborted(() => addon.reference(handle, options), CANCELLED, options.signal);
    },
    async generate(options) {
      requireGeneration(options);
      return generate((native) => addon.generate(handle, native), options);
    },
    async loadAdapter(options) {
      requireText(options.path, "Model.loadAdapter needs the path of an adapter.");
      return run(() => addon.loadAdapter(handle, options));
    },
    createTrainer(options) {
      requireSeed(options.seed);
      return trainerOver(
        addon,
        guarded(() => addon.createTrainer(handle, options)),
      );
    },
  };
}

function trainerOver(addon: EngineAddon, handle: Handle): Trainer {
  return {
    async step(options) {
      if (options.sequences.length === 0) throw new TypeError("Trainer.step needs at least one sequence.");
      if (!Number.isFinite(options.learningRate)) {
        throw new TypeError("Trainer.step needs a learning rate that is a finite number.");
      }
      requirePart(options.sequencesAtOnce, "sequencesAtOnce");
      requirePart(options.detachEvery, "detachEvery");
      requireLimit(options.skipAbove?.loss, "loss");
      requireLimit(options.skipAbove?.gradientNorm, "gradientNorm");
      return runUnlessAborted(() => addon.trainerStep(handle, options), CANCELLED, options.signal);
    },
    async score(options) {
      requireTokens(options, 2);
      return runUnlessAborted(() => addon.trainerScore(handle, options), CANCELLED, options.signal);
    },
    publish: (options = {}) => run(() => addon.trainerPublish(handle, options)),
    saveAdapter: (options) => run(() => addon.trainerSaveAdapter(handle, options)),
    saveCheckpoint: (options) => run(() => addon.trainerSaveCheckpoint(handle, options)),
    save: (options) => run(() => addon.trainerSave(handle, options)),
    restore: (options) => run(() => addon.trainerRestore(handle, options)),
    get steps() {
      return addon.trainerSteps(handle);
    },
    close: () => run(() => addon.closeTrainer(handle)).catch(unlessClosed),
  };
}

/**
 * Starts a native job, ties it to the signal, and gives its failure the caller's stack. One signal may end any number of
 * jobs: each takes its listener away again, so Node need not warn of many.
 */
export async function run<Result>(start: () => NativeJob<Result>, signal?: AbortSignal): Promise<Result> {
  const job = guarded(start);
  const cancel = () => job.cancel();
  if (signal?.aborted) cancel();
  if (signal !== undefined) setMaxListeners(0, signal);
  signal?.addEventListener("abort", cancel, { once: true });
  try {
    return await job.promise;
  } catch (error) {
    return rethrow(error);
  } finally {
    signal?.removeEventListener("abort", cancel);
  }
}

/** What is closed already has nothing more to give back. */
function unlessClosed(error: unknown): void {
  if (!(error instanceof EngineError && error.code === "closed")) throw error;
}

const CANCELLED: Cancelled = { kind: "cancelled" };

/** As `run`; what was aborted beforehand is not started at all, since it could be done before it can be stopped. */
async function runUnlessAborted<Result>(
  start: () => NativeJob<Result>,
  cancelled: Result,
  signal?: AbortSignal,
): Promise<Result> {
  return signal?.aborted ? cancelled : run(start, signal);
}

/** A listener that throws ends the Generation; its error is the Generation's. */
async function generate(
  start: (options: object) => NativeJob<Generation>,
  options: GenerateOptions,
): Promise<Generation> {
  const { onToken, signal } = options;
  const nothing: Generation = {
    ...CANCELLED,
    tokens: new Uint32Array(),
    logProbabilities: new Float32Array(),
    stoppedBy: "cancel",
  };
  const native = nativeGeneration(options);
  if (onToken === undefined) return runUnlessAborted(() => start(native), nothing, signal);
  const failed = new AbortController();
  const guardedOnToken: typeof onToken = (token, logProbability) => {
    if (failed.signal.aborted) return;
    try {
      onToken(token, logProbability);
    } catch (error) {
      failed.abort(error);
    }
  };
  const either = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]);
  const generation = await runUnlessAborted(
    () => start({ ...native, onToken: guardedOnToken }),
    nothing,
    either,
  );
  failed.signal.throwIfAborted();
  return generation;
}

function nativeGeneration(options: GenerateOptions): object {
  const { tokenizer, signal, ...rest } = options;
  return tokenizer === undefined ? rest : { ...rest, tokenizer: tokenizerHandle(tokenizer) };
}

function requireGeneration(options: GenerateOptions): void {
  requireTokens(options, 1);
  requireSeed(options.sampling.seed);
  if (!Number.isInteger(options.tokensMax) || options.tokensMax < 0) {
    throw new TypeError("Model.generate needs tokensMax as a whole number.");
  }
  if (
    options.stopStrings !== undefined &&
    options.stopStrings.length > 0 &&
    options.tokenizer === undefined
  ) {
    throw new TypeError("Model.generate needs a tokenizer to look for stop strings.");
  }
}

function requireTokens(options: Pick<ReadOptions, "tokens"> & Cancellable, atLeast: number): void {
  if (!(options.tokens instanceof Uint32Array) || options.tokens.length < atLeast) {
    throw new TypeError(`tokens must be a Uint32Array of at least ${atLeast}.`);
  }
}

function requirePart(count: number | undefined, name: string): void {
  if (count === undefined || (Number.isSafeInteger(count) && count >= 1)) return;
  throw new TypeError(`Trainer.step needs ${name} as a whole number from 1 on.`);
}

function requireLimit(limit: number | undefined, name: string): void {
  if (limit === undefined || (typeof limit === "number" && !Number.isNaN(limit))) return;
  throw new TypeError(`Trainer.step needs skipAbove.${name} as a number.`);
}

function requireText(text: string, message: string): void {
  if (typeof text !== "string" || text === "") throw new TypeError(message);
}

function requireSeed(seed: number): void {
  if (!Number.isSafeInteger(seed) || seed < 0) throw new TypeError("A seed is a whole number from 0 on.");
}
