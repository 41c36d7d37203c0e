/** Conformance runs in tests: the outcome as text where it matters. */

import { expect } from "vitest";
import { nativeSubject } from "../../daemon/src/lab/conformance/nativeSubject.js";
import {
  type ConformanceReport,
  formatResult,
  formatSummary,
} from "../../daemon/src/lab/conformance/report.js";
import { type ConformanceOptions, runConformance } from "../../daemon/src/lab/conformance/runConformance.js";

export type RunOptions = Partial<Pick<ConformanceOptions, "subject" | "vocabularies">>;

/** `subject` defaults to the native engine. */
export async function run(folder: string, options: RunOptions = {}): Promise<ConformanceReport> {
  const outcome = await runConformance({ folder, subject: nativeSubject(), ...options });
  if (outcome.kind === "cancelled") throw new Error("cancelled");
  return outcome;
}

export function text(report: ConformanceReport): string {
  return [...report.results.map(formatResult), formatSummary(report)].join("\n");
}

export function expectPassed(report: ConformanceReport) {
  // On failure the lines say more than "expected false to be true".
  expect(report.passed ? "" : text(report)).toBe("");
}
