/** How the engine is asked for the most probable token every time: the same answer to the same question. */

import type { Sampling } from "./engine.js";

export const GREEDY: Sampling = {
  temperature: 0,
  topP: 0,
  topK: 0,
  alphaPresence: 0,
  alphaFrequency: 0,
  alphaDecay: 1,
  repetitionPenalty: 1,
  tokenBan: new Uint32Array(),
  seed: 0,
};
