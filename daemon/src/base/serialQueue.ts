/** Runs operations one at a time, in the order in which they come, and turns them away when too many wait. */

import { AppError } from "./errors.js";

/** A person does not correct faster than this; a program that does should wait. */
const WAITING_MAX = 64;

export class SerialQueue {
  #waiting = 0;
  #isClosed = false;
  #last: Promise<unknown> = Promise.resolve();

  /** Throws `learning-closed` after close(). */
  mustBeOpen(): void {
    if (this.#isClosed) throw new AppError("learning-closed", "learning was closed");
  }

  /** Throws `learning-busy`, and `learning-closed` after close(). */
  async run<T>(operation: () => Promise<T>): Promise<T> {
    this.mustBeOpen();
    if (this.#waiting >= WAITING_MAX) {
      throw new AppError(
        "learning-busy",
        `${this.#waiting} corrections are waiting to be learned; try again later`,
      );
    }
    this.#waiting++;
    const result = this.#last.then(operation).finally(() => this.#waiting--);
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** Waits for those running and waiting; afterwards everyone is turned away with `learning-closed`. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#last;
  }
}
