/** Lets operations through one at a time, in order of arrival, and turns them away when too many wait. */

import { AppError } from "./errors.js";

export interface Turnstile {
  /** Throws `learning-closed` after close(). */
  mustBeOpen(): void;
  /** Throws `learning-busy`. */
  pass<T>(operation: () => Promise<T>): Promise<T>;
  /** Waits for those inside and waiting; afterwards everyone is turned away with `learning-closed`. */
  close(): Promise<void>;
}

/** A person does not correct faster than this; a program that does should wait. */
const WAITING_MAX = 64;

export function createTurnstile(): Turnstile {
  let waiting = 0;
  let isClosed = false;
  let last: Promise<unknown> = Promise.resolve();
  const mustBeOpen = () => {
    if (isClosed) throw new AppError("learning-closed", "learning was closed");
  };
  return {
    mustBeOpen,
    async pass(operation) {
      mustBeOpen();
      if (waiting >= WAITING_MAX) {
        throw new AppError(
          "learning-busy",
          `${waiting} corrections are waiting to be learned; try again later`,
        );
      }
      waiting++;
      const result = last.then(operation).finally(() => waiting--);
      last = result.catch(() => undefined);
      return result;
    },
    async close() {
      isClosed = true;
      await last;
    },
  };
}
