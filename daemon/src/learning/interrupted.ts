/**
 * Cancellation inside learning. The engine answers `{ kind: "cancelled" }` at every level; carrying that through
 * each step of a long sequence by hand hides the sequence, so inside this folder it travels as an exception that
 * the face of it (`learning.ts`) turns back into a value.
 */

import type { Finished } from "../engine/engine.js";

export class LearningInterrupted extends Error {
  constructor() {
    super("learning was interrupted");
    this.name = "LearningInterrupted";
  }
}

/** The result of an engine call, or `LearningInterrupted`. */
export async function finished<T>(call: Promise<Finished<T>>): Promise<T> {
  const result = await call;
  if (result.kind === "cancelled") throw new LearningInterrupted();
  return result;
}

export function stopIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new LearningInterrupted();
}

/** What the operation comes to, or `cancelled` where it was interrupted: for the face of this folder. */
export async function unlessInterrupted<T, C>(cancelled: C, operation: () => Promise<T>): Promise<T | C> {
  try {
    return await operation();
  } catch (error) {
    if (error instanceof LearningInterrupted) return cancelled;
    throw error;
  }
}
