/** How sure the model was of what it wrote. Pure. */

/**
 * The probability of a token that the model is sure of. What was taught stands some three nats before any other token,
 * which makes it more probable than this; what the model merely guesses is below it every few tokens.
 */
export const SURE_LOG_PROBABILITY = Math.log(0.7);

export interface Confidence {
  /** Natural logarithm; 0 where nothing was written. */
  readonly meanLogProbability: number;
  /** Every single token was one that the model is sure of. */
  readonly isSure: boolean;
}

export function confidenceOf(logProbabilities: Float32Array): Confidence {
  const sum = logProbabilities.reduce((total, each) => total + each, 0);
  return {
    meanLogProbability: logProbabilities.length === 0 ? 0 : sum / logProbabilities.length,
    isSure: logProbabilities.every((each) => each >= SURE_LOG_PROBABILITY),
  };
}
