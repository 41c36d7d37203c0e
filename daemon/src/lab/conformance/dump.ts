/** Group b: every intermediate of a short forward pass. */

import { type ModelGroup, tokensOf } from "./goldenModel.js";
import { TENSOR_TOLERANCE } from "./tally.js";

export const dumpGroup: ModelGroup = {
  isPresent: async (model) => (await model.golden("dump")) !== undefined,
  async check(model, tally) {
    const file = await model.golden("dump");
    if (!file) return;
    const dump = model.open("fp32").dump({ tokens: tokensOf(file.get("tokens")) });
    for (const name of file.names) {
      if (name === "tokens") continue;
      tally.tensor({ name, actual: dump[name], expected: file.get(name).data, tolerance: TENSOR_TOLERANCE });
    }
  },
};
