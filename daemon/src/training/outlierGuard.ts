/**
 * Which batches are too unlike the last ones to learn from: a table of numbers, a file of another language. Their step
 * is computed and not applied. Limits follow from the log alone, so a resumed run has the same ones.
 */

import type { GuardConfig } from "@ouroboros/configs";
import { median } from "../base/median.js";
import type { StepLimits } from "../engine/engine.js";
import type { LoggedStep } from "./runLog.js";

/** Steps that the medians are of; with fewer behind it a run has no limits yet. */
const STEPS = 50;

/** Pure. A lasting change moves the medians, so it passes after some steps. */
export function limitsOf(
  guard: GuardConfig | undefined,
  steps: readonly LoggedStep[],
): { readonly skipAbove?: StepLimits } {
  const last = steps.slice(-STEPS).filter(({ loss, gradientNorm }) => Number.isFinite(loss + gradientNorm));
  if (guard === undefined || last.length < STEPS) return {};
  const loss = median(last.map((step) => step.loss)) + guard.lossAbove;
  const gradientNorm = median(last.map((step) => step.gradientNorm)) * guard.gradientNormTimes;
  return { skipAbove: { loss, gradientNorm } };
}
