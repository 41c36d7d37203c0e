/** The live loss line of every command that learns. */

import type { LearningProgress } from "../learning/context.js";
import type { Cli } from "./cli.js";

export function showLearning(
  cli: Cli,
  { step, stepsMax, loss, margin, purpose, index, count }: Omit<LearningProgress, "correctionId">,
): void {
  const which = count > 1 ? `${index} of ${count}, ` : "";
  const phase = purpose === "new" ? "learning" : "learning again";
  const detail = `${which}step ${step} of at most ${stepsMax}, loss ${loss.toFixed(3)}, lead ${margin.toFixed(1)}`;
  cli.showProgress({ phase, done: step, total: 0, detail, secondsLeft: undefined });
}
