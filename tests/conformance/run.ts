/** Conformance runs in tests: the outcome as text where it matters. */

import { expect } from "vitest";
import { nativeSubject } from "../../daemon/src/conformance/nativeSubject.js";
import { type ConformanceReport, formatResult, formatSummary } from "../../daemon/src/conformance/report.js";
import { runConformance } from "../../daemon/src/conformance/runConformance.js";
import type { Subject } from "../../daemon/src/conformance/subject.js";

export async function run(folder: string, subject: Subject = nativeSubject()): Promise<ConformanceReport> {
  const outcome = await runConformance({ folder, subject });
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
