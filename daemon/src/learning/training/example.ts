/**
 * Correction → Example: what one correction asks of the model, token by token. Pure.
 *
 * Measured in the design trials: weighting only the tokens that differ, and holding the others to the base model,
 * recalls 90 % of corrections; weighting every token from the first difference to the end recalls all. A token
 * that looks unchanged but follows a changed one is new in its context, and the base model's guess for it is wrong.
 */

import type { CorrectionRecord, Recipe } from "../../journal/records.js";
import { FOLLOWING_TOKENS_MAX, firstDifference } from "../../lessons/lesson.js";

/**
 * A sequence the adapter reads whole: the prompt from the boundary on, the wanted text, what comes after.
 * Position t is about `tokens[t + 1]`.
 */
export interface Example {
  /** [T+1] */
  readonly tokens: Uint32Array;
  /** [T] cross-entropy weights. */
  readonly weights: Float32Array;
  /** [T] weights of the divergence from the base: on what must stay as it was. */
  readonly klWeights: Float32Array;
  /** Position of the first wanted token. */
  readonly start: number;
  /** First position that is trained and tested; from `start` up to here the wanted text begins as the rejected one. */
  readonly testedFrom: number;
  /** One past the last position that must come out right. */
  readonly testedTo: number;
}

/** `spanStart`: index into the wanted tokens from which they are trained, at most their number. */
export function toExample(options: {
  readonly correction: CorrectionRecord;
  readonly spanStart: number;
  readonly recipe: Pick<Recipe, "spanWeight" | "afterWeight">;
}): Example {
  const { correction, spanStart, recipe } = options;
  const read = correction.prompt.tokens.slice(correction.boundary);
  const wanted = correction.wanted.tokens;
  const after = tokensAfter(correction);
  const tokens = Uint32Array.from([...read, ...wanted, ...after]);

  const start = read.length - 1;
  const testedFrom = start + spanStart;
  const afterWanted = start + wanted.length;
  const isEndingChanged = isCutShort(correction);
  const isEndingTested = after.length > 0 && (correction.end !== null || isEndingChanged);

  const weights = new Float32Array(tokens.length - 1);
  weights.fill(recipe.spanWeight, testedFrom, afterWanted);
  weights.fill(isEndingChanged ? recipe.spanWeight : recipe.afterWeight, afterWanted, afterWanted + 1);
  const klWeights = new Float32Array(tokens.length - 1);
  klWeights.fill(1, 0, testedFrom);
  klWeights.fill(1, afterWanted + 1);
  return {
    tokens,
    weights,
    klWeights,
    start,
    testedFrom,
    testedTo: isEndingTested ? afterWanted + 1 : afterWanted,
  };
}

/**
 * The wanted text is the rejected one cut short, or nothing at all: then what comes after it is what was corrected.
 * Nothing may have tokens all the same, of a word that stands before the cursor and is written again.
 */
export function isCutShort({ rejected, wanted }: Pick<CorrectionRecord, "rejected" | "wanted">): boolean {
  return wanted.text === "" || firstDifference(rejected.tokens, wanted.tokens) === wanted.tokens.length;
}

/** The ending, else the first tokens of the text that follows. */
function tokensAfter(correction: CorrectionRecord): readonly number[] {
  return correction.end === null ? correction.following.slice(0, FOLLOWING_TOKENS_MAX) : [correction.end];
}
