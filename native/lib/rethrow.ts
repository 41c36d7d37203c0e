/** Turns what the addon throws (an Error with a `code`) into the package's own EngineError. */

import { EngineError, isEngineErrorCode } from "./errors.js";

/** Throws `error` again: as an EngineError with the original as its cause where it has an engine's code, else as it is. */
export function rethrow(error: unknown): never {
  if (
    error instanceof Error &&
    !(error instanceof EngineError) &&
    "code" in error &&
    isEngineErrorCode(error.code)
  ) {
    throw new EngineError(error.code, error.message, { cause: error });
  }
  throw error;
}

/** Runs a call into the addon; its errors leave as EngineError. */
export function guarded<Result>(call: () => Result): Result {
  try {
    return call();
  } catch (error) {
    rethrow(error);
  }
}
