/** Whole tensor files, read and written through the engine's own readers: for conformance, tests and tools. */

import { loadAddon } from "./addon.js";
import { EngineError } from "./errors.js";
import { guarded } from "./rethrow.js";

/** Named as in safetensors; the block types are ggml's, in GGUF files. */
export type FloatDType = "F32" | "F16" | "BF16" | "F64" | "Q8_0" | "Q4_0" | "Q6_K";
type IntegerDType = "BOOL" | "U8" | "I8" | "I16" | "U16" | "I32" | "U32" | "I64";

interface StoredTensor<DType, Values> {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Row-major. Exact: F16, BF16 and block types are widened to float32, integers of up to 32 bits to 32 bits. */
  readonly values: Values;
}
export type Tensor =
  | StoredTensor<Exclude<FloatDType, "F64">, Float32Array>
  | StoredTensor<"F64", Float64Array>
  | StoredTensor<"I64", BigInt64Array>
  | StoredTensor<"U32", Uint32Array>
  | StoredTensor<Exclude<IntegerDType, "I64" | "U32">, Int32Array>;

interface TensorFile {
  /** In the order of the file. */
  readonly tensors: readonly Tensor[];
  /** safetensors' `__metadata__`; GGUF's texts and numbers, not its arrays; empty for .pth. */
  readonly metadata: Readonly<Record<string, string>>;
  /** sha256 of the file, lower-case hex. */
  readonly hash: string;
}

export interface TensorToWrite {
  readonly name: string;
  /** BF16 rounds to nearest, ties to even. */
  readonly dtype: "F32" | "BF16";
  readonly shape: readonly number[];
  /** Row-major. */
  readonly values: Float32Array;
}

interface NativeTensorFile {
  readonly tensors: readonly Tensor[];
  readonly metadata: readonly (readonly [string, string])[];
  readonly hash: string;
}
interface FilesAddon {
  readTensors(path: string): NativeTensorFile;
  writeSafetensors(
    path: string,
    tensors: readonly TensorToWrite[],
    metadata: readonly (readonly [string, string])[],
  ): void;
}

function isFilesAddon(addon: unknown): addon is FilesAddon {
  return typeof addon === "object" && addon !== null && "readTensors" in addon && "writeSafetensors" in addon;
}

function filesAddon(): FilesAddon {
  const addon = loadAddon();
  if (!isFilesAddon(addon)) {
    throw new EngineError("internal", "the native engine lacks its file readers; run `npm run build`");
  }
  return addon;
}

/**
 * All tensors of a safetensors, GGUF or torch.save (.pth) file; which of them is told by content. Throws EngineError: `file`
 * when it cannot be read, `format` when it is malformed, truncated or asks for something unsafe.
 */
export function readTensors(path: string): TensorFile {
  if (typeof path !== "string" || path === "") throw new TypeError("readTensors needs the path of a file.");
  const { tensors, metadata, hash } = guarded(() => filesAddon().readTensors(path));
  return { tensors, metadata: Object.fromEntries(metadata), hash };
}

/** Writes a safetensors file atomically. Throws EngineError: `argument` for tensors that cannot be written, `file`. */
export function writeSafetensors(options: {
  readonly path: string;
  readonly tensors: readonly TensorToWrite[];
  readonly metadata?: Readonly<Record<string, string>>;
}): void {
  for (const tensor of options.tensors) checkTensor(tensor);
  const metadata = Object.entries(options.metadata ?? {});
  guarded(() => filesAddon().writeSafetensors(options.path, options.tensors, metadata));
}

function checkTensor({ name, dtype, shape, values }: TensorToWrite): void {
  if (!(values instanceof Float32Array)) throw new TypeError(`The values of ${name} must be a Float32Array.`);
  if (dtype !== "F32" && dtype !== "BF16") throw new TypeError(`${name} can be written as F32 or BF16 only.`);
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    throw new TypeError(`The shape of ${name} must be whole numbers.`);
  }
}
