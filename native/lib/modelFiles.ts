/** Model files as they lie on disk: what one holds, and one turned into another format or type. */

import { loadAddon } from "./addon.js";
import { engineHandle, type NativeJob, run } from "./engine.js";
import { EngineError } from "./errors.js";
import type { FloatDType } from "./files.js";
import { guarded } from "./rethrow.js";
import { tokenizerHandle } from "./tokenizer.js";
import type { Cancellable, Engine, Finished, Tokenizer } from "./types.js";

export const MODEL_FORMATS = ["safetensors", "fla", "gguf"] as const;
/** `fla`: safetensors with the tensor names of flash-linear-attention and Hugging Face; `gguf`: what llama.cpp loads. */
export type ModelFormat = (typeof MODEL_FORMATS)[number];

export const MATRIX_TYPES = ["f32", "f16", "bf16", "q8_0", "q4_0"] as const;
export type MatrixType = (typeof MATRIX_TYPES)[number];

export interface ModelFile {
  /** Whose names the file's tensors have. */
  readonly naming: "official" | "gguf" | "fla";
  /** The type of most numbers of the layers' big matrices. */
  readonly matrixType: FloatDType;
  /** What the file says of itself, as text. */
  readonly metadata: Readonly<Record<string, string>>;
  /** By official name and shape, in the official order. */
  readonly tensors: readonly {
    readonly name: string;
    readonly dtype: FloatDType;
    readonly shape: readonly number[];
  }[];
}

interface ConvertOptions extends Cancellable {
  /** Any file that Engine.loadModel takes. */
  readonly source: string;
  /** Replaced whole or not at all. */
  readonly destination: string;
  readonly format: ModelFormat;
  /**
   * Of emb, head and the big matrices, in safetensors of the low-rank ones too; default: as they were. `q8_0` and
   * `q4_0` exist in GGUF only; block types become f32 in safetensors, which holds them exactly.
   */
  readonly type?: MatrixType;
  /** For GGUF: the vocabulary to put inside. */
  readonly tokenizer?: Tokenizer;
  /** For GGUF: what the model is called. */
  readonly name?: string;
  /** Called on the JavaScript thread before every tensor. */
  readonly onProgress?: (done: number, total: number) => void;
}

interface NativeModelFile extends Omit<ModelFile, "metadata"> {
  readonly metadata: readonly (readonly [string, string])[];
}
interface ModelFilesAddon {
  readModelFile(path: string): NativeModelFile;
  convertModel(
    engine: unknown,
    options: object,
    onProgress: (done: number, total: number) => void,
  ): NativeJob<boolean>;
}

function isModelFilesAddon(addon: unknown): addon is ModelFilesAddon {
  return typeof addon === "object" && addon !== null && "readModelFile" in addon && "convertModel" in addon;
}

function modelFilesAddon(): ModelFilesAddon {
  const addon = loadAddon();
  if (!isModelFilesAddon(addon)) {
    throw new EngineError("internal", "the native engine lacks its model files; run `npm run build`");
  }
  return addon;
}

/** Reads the header alone, whatever the file's size. Throws EngineError: `file`, `format`, `architecture`. */
export function readModelFile(path: string): ModelFile {
  if (typeof path !== "string" || path === "") throw new TypeError("readModelFile needs the path of a file.");
  const { metadata, ...file } = guarded(() => modelFilesAddon().readModelFile(path));
  return { ...file, metadata: Object.fromEntries(metadata) };
}

/**
 * Writes a model's tensors into another file, one tensor in memory at a time, on the engine's thread for files.
 * Rejects with EngineError: `file`, `format`, `architecture`, `numbers`; `argument` for a type that the format cannot
 * hold; `vocabulary` where the tokenizer has more tokens than the model has rows.
 */
export async function convertModel(engine: Engine, options: ConvertOptions): Promise<Finished<object>> {
  const { signal, onProgress = () => {}, tokenizer, ...rest } = options;
  if (signal?.aborted) return { kind: "cancelled" };
  const native = { ...rest, ...(tokenizer && { tokenizer: tokenizerHandle(tokenizer) }) };
  const isWritten = await run(
    () => modelFilesAddon().convertModel(engineHandle(engine), native, onProgress),
    signal,
  );
  return { kind: isWritten ? "finished" : "cancelled" };
}
