/**
 * The lineage as teaching in order makes it. A correction that contradicts what was last taught, at the same place, takes
 * its place instead of being trained on top of it, so that contradicting corrections do not pile up in the weights. Pure.
 */

import type { Applied, CorrectionRecord, TrainedRecord } from "../journal/records.js";

/** What decides of a `History`. */
interface Decisive {
  readonly corrections: ReadonlyMap<string, CorrectionRecord>;
  readonly placeOf: ReadonlyMap<string, string>;
  readonly trainings: ReadonlyMap<string, TrainedRecord>;
  readonly undone: ReadonlySet<string>;
  readonly lineage: readonly Applied[];
}

/** What stays of a lineage when `correction` is taught after it: without those at its end that it contradicts. */
export function lineageBefore(
  history: Decisive,
  lineage: readonly Applied[],
  correction: CorrectionRecord,
): readonly Applied[] {
  const isContradicted = ({ correctionId }: Applied) => {
    const earlier = history.corrections.get(correctionId);
    return earlier && isSamePlace(history, earlier, correction) && !isSameWanted(earlier, correction);
  };
  let length = lineage.length;
  for (let last = lineage[length - 1]; last && isContradicted(last); last = lineage[length - 1]) length--;
  return lineage.slice(0, length);
}

/**
 * The lineage had `correctionId`, which is in it, never been taught: what it took the place of is there again. As far as
 * nothing changes, the same entries; the others are to be trained again.
 */
export function lineageWithout(history: Decisive, correctionId: string): readonly Applied[] {
  const { lineage, trainings, corrections, undone } = history;
  const at = lineage.findIndex((applied) => applied.correctionId === correctionId);
  const applied = new Map(lineage.map((each) => [each.correctionId, each]));
  const order = [...trainings.keys()];
  let line: readonly Applied[] = lineage.slice(0, at);
  for (const id of order.slice(order.indexOf(line.at(-1)?.correctionId ?? "") + 1)) {
    const [correction, trained] = [corrections.get(id), trainings.get(id)];
    if (id === correctionId || undone.has(id) || !correction || trained?.outcome !== "learned") continue;
    line = [...lineageBefore(history, line, correction), applied.get(id) ?? appliedBy(trained)];
  }
  return line;
}

function isSameWanted({ wanted }: CorrectionRecord, other: CorrectionRecord): boolean {
  const { tokens } = other.wanted;
  return wanted.tokens.length === tokens.length && tokens.every((token, at) => token === wanted.tokens[at]);
}

export function appliedBy(record: TrainedRecord): Applied {
  return {
    correctionId: record.correctionId,
    from: record.adapterFrom,
    to: record.adapterTo,
    sha256: record.adapterSha256,
    spanStart: record.spanStart,
  };
}

function isSamePlace({ placeOf }: Decisive, one: CorrectionRecord, other: CorrectionRecord): boolean {
  const place = placeOf.get(one.id);
  return place !== undefined && place === placeOf.get(other.id);
}
