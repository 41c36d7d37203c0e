/** What came of training one correction, as clients are told. */

import type { CorrectOutcome } from "../learning/learning.js";
import type { DidLearn } from "../protocol/corrections.js";

export type TrainedOutcome = Exclude<CorrectOutcome, { kind: "cancelled" }>;

export function outcomeOf({ kind, trained, current }: TrainedOutcome): DidLearn["outcome"] {
  const seconds = trained.durationMs / 1000;
  switch (kind) {
    case "learned":
      return {
        kind: "learned",
        proven: trained.proof.matches,
        adapterVersion: current.version,
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
