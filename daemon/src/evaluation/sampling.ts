/** The two ways of writing that are measured. */

import type { Sampling } from "../engine/engine.js";

/** Always the most probable token. */
export const GREEDY: Sampling = {
  temperature: 0,
  topP: 1,
  topK: 0,
  alphaPresence: 0,
  alphaFrequency: 0,
  alphaDecay: 1,
  repetitionPenalty: 1,
  tokenBan: new Uint32Array(),
  seed: 0,
};

/** As people sample code: loose enough that a model which repeats itself does not do so because of greed alone. */
export const SAMPLED: Sampling = { ...GREEDY, temperature: 0.6, topP: 0.9 };
