/**
 * Texts that were just dismissed or undone, so that none is proposed again at the same place: learning takes a moment,
 * and until then nothing is more annoying than to be told the same once more. They are forgotten after a while, and when
 * something was learned.
 */

import { NewestMap } from "../base/memory/newestMap.js";
import { lastLine } from "./lines.js";

/** Long enough to finish the thought; what was wrong here may be right tomorrow. */
export const REJECTED_FOR_MS = 5 * 60_000;
/** So many texts are remembered, of all documents together; the oldest goes first. */
export const REJECTIONS_MAX = 200;

interface Proposed {
  /** Any name of the document. */
  readonly document: string;
  /** Document text before the cursor; its last line is the place. */
  readonly prefix: string;
  readonly text: string;
  readonly adapterVersion: number;
  /** How many lessons that adapter holds. */
  readonly lessons: number;
}

export class Rejections {
  readonly #nowMs: () => number;
  readonly #untilMs = new NewestMap<string, number>(REJECTIONS_MAX);

  /** `nowMs`: monotonic. */
  constructor({ nowMs }: { readonly nowMs: () => number }) {
    this.#nowMs = nowMs;
  }

  reject(proposed: Proposed): void {
    this.#untilMs.set(keyOf(proposed), this.#nowMs() + REJECTED_FOR_MS);
  }

  isRejected(proposed: Proposed): boolean {
    return this.#nowMs() < (this.#untilMs.get(keyOf(proposed)) ?? Number.NEGATIVE_INFINITY);
  }
}

function keyOf({ document, prefix, text, adapterVersion, lessons }: Proposed): string {
  return JSON.stringify([document, lastLine(prefix), text, adapterVersion, lessons]);
}
