/**
 * What the user has just called wrong, so that it is not offered again in the seconds until the model has learned.
 * Holds the newest few.
 */

/** More corrections than this are never under way at once. */
const REJECTED_MAX = 50;

interface Rejected {
  readonly uri: string;
  /** The line up to the cursor: the line number may change, what stands there matters. */
  readonly before: string;
  readonly text: string;
}

export class RejectedCompletions {
  readonly #byCorrection = new Map<string, Rejected>();

  add(correctionId: string, rejected: Rejected): void {
    this.#byCorrection.set(correctionId, rejected);
    const [oldest] = this.#byCorrection.keys();
    if (this.#byCorrection.size > REJECTED_MAX && oldest !== undefined) this.#byCorrection.delete(oldest);
  }

  /** The correction is settled or taken back: the model speaks for itself again. */
  forget(correctionId: string): void {
    this.#byCorrection.delete(correctionId);
  }

  has({ uri, before, text }: Rejected): boolean {
    return [...this.#byCorrection.values()].some(
      (rejected) => rejected.uri === uri && rejected.before === before && rejected.text === text,
    );
  }
}
