import { expect } from "vitest";
import { EngineError, type EngineErrorCode } from "../lib/errors.js";

/** The call must fail with an EngineError of this code, whose message holds `text`. */
export function expectEngineError(call: () => unknown, code: EngineErrorCode, text = "") {
  let thrown: unknown;
  try {
    call();
  } catch (error) {
    thrown = error;
  }
  expectCode(thrown, code, text);
}

/** The same for a call that returns a promise; it may also throw at once. */
export async function expectEngineErrorAsync(call: () => Promise<unknown>, code: EngineErrorCode, text = "") {
  let thrown: unknown;
  try {
    await call();
  } catch (error) {
    thrown = error;
  }
  expectCode(thrown, code, text);
}

function expectCode(thrown: unknown, code: EngineErrorCode, text: string) {
  expect(thrown).toBeInstanceOf(EngineError);
  const { message, code: actual } = thrown as EngineError;
  expect({ message, code: actual }).toEqual({ message: expect.stringContaining(text), code });
}
