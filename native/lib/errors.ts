/** The one error type of the native engine, with its closed set of codes. */

const ENGINE_ERROR_CODES = {
  file: "a file cannot be opened, read or written",
  changed: "a file has other bytes than when it was opened",
  format: "a file is not what its name or header says, is truncated, or asks for something unsafe",
  architecture: "the tensors are not those of a plain RWKV-7 (x070) model",
  numbers: "a tensor holds NaN, infinite or far too large values, or computing with them gives some",
  vocabulary: "a vocabulary file is malformed or does not fit the model",
  token: "a token id lies outside the vocabulary",
  state: "bytes are not a State of this model",
  adapter: "an adapter does not fit this model",
  argument: "a call's arguments do not fit together",
  closed: "the engine was closed",
  memory: "not enough memory",
  internal: "a bug in the engine",
} as const;

export type EngineErrorCode = keyof typeof ENGINE_ERROR_CODES;

export class EngineError extends Error {
  readonly code: EngineErrorCode;
  constructor(code: EngineErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "EngineError";
    this.code = code;
  }
}

export function isEngineErrorCode(code: unknown): code is EngineErrorCode {
  return typeof code === "string" && code in ENGINE_ERROR_CODES;
}
