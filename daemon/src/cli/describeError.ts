/** Turns whatever was thrown into what the terminal shows: one sentence, or everything when OURO_DEBUG asks for it. */

import { inspect } from "node:util";
import { errorMessage } from "../base/errorMessage.js";

export function describeError({
  error,
  isDebugging,
}: {
  readonly error: unknown;
  readonly isDebugging: boolean;
}): string {
  return isDebugging ? inspect(error) : `ouro: ${errorMessage(error)}`;
}
