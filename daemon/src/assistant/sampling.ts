/** How the settings have the model choose its tokens: in code, and in the chat. */

import type { Settings } from "@ouroboros/configs";
import type { Sampling } from "../engine/engine.js";
import { GREEDY } from "../engine/greedy.js";

export function completionSampling(settings: Settings): Sampling {
  return {
    ...GREEDY,
    temperature: settings["ouroboros.completion.temperature"],
    topP: settings["ouroboros.completion.topP"],
    topK: settings["ouroboros.completion.topK"],
  };
}

export function chatSampling(settings: Settings): Sampling {
  return {
    ...GREEDY,
    temperature: settings["ouroboros.chat.temperature"],
    topP: settings["ouroboros.chat.topP"],
  };
}
