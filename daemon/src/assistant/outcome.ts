/** What came of training one correction, as clients are told. */

import type { TrainedRecord } from "../journal/records.js";
import type { DidLearn } from "../protocol/corrections.js";

export function outcomeOf(trained: TrainedRecord): DidLearn["outcome"] {
  const seconds = trained.durationMs / 1000;
  switch (trained.outcome) {
    case "learned":
      return {
        kind: "learned",
        proven: trained.proof.matches,
        adapterVersion: trained.adapterTo,
        steps: trained.steps,
        lossBefore: trained.lossBefore,
        lossAfter: trained.lossAfter,
        seconds,
      };
    case "diverged":
      return { kind: "not-learned", seconds, message: "training ran away and its result was thrown away" };
    case "limit":
      return {
        kind: "not-learned",
        seconds,
        message: `after ${trained.steps} steps the model still writes something else`,
      };
  }
}
