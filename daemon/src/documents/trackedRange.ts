/**
 * A stretch of a document that keeps covering the same text while the document is edited around it and in it. Pure.
 *
 * Text typed exactly at its end is the user writing on, not a change of what stood there, so it stays outside; text
 * typed exactly at its start was there before it. An edit that begins inside belongs to it as a whole.
 */

/** One replacement: `removed` UTF-16 units at `offset` give way to a text. */
export interface OffsetEdit {
  readonly offset: number;
  readonly removed: number;
  readonly inserted: string;
}

export interface TrackedRange {
  readonly start: number;
  /** Exclusive; equal to `start` once all of its text has been deleted. */
  readonly end: number;
}

export function moveRange({ start, end }: TrackedRange, edit: OffsetEdit): TrackedRange {
  const { offset, removed } = edit;
  const inserted = edit.inserted.length;
  const editEnd = offset + removed;
  const shift = inserted - removed;
  if (offset >= end) return { start, end };
  if (editEnd <= start) return { start: start + shift, end: end + shift };
  if (offset >= start) return { start, end: editEnd >= end ? offset + inserted : end + shift };
  // The edit reaches in from before: what it inserted stands in front of what is left.
  const left = offset + inserted;
  return { start: left, end: Math.max(left, end + shift) };
}
