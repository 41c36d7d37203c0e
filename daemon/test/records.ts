/** Journal records for tests: whole and valid, with the fields that a test cares about laid over. */

import type { CorrectionRecord } from "../src/journal/records.js";

const SCOPE = { project: "shop-000000000000", model: "a".repeat(64), vocabulary: "b".repeat(64) };

export function correctionRecord(changes: Partial<CorrectionRecord> = {}): CorrectionRecord {
  return {
    kind: "correction",
    v: 2,
    at: "2026-01-01T00:00:00.000Z",
    scope: SCOPE,
    id: "c1",
    projectName: "shop",
    source: "teach",
    aim: "recall",
    prompt: { text: "const log = ", tokens: [3, 5, 8] },
    boundary: 2,
    rejected: { text: "console", tokens: [13] },
    wanted: { text: "logger()", tokens: [21, 34] },
    end: 0,
    following: [],
    ...changes,
  };
}
