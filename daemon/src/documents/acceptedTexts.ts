/**
 * Accepted completions in the documents of one client: where their text stands now, and what has become of it. Follows
 * every edit, so that *Correct This* can teach what the user has made of a proposal without any retyping.
 */

import { NewestMap } from "../base/memory/newestMap.js";
import { moveRange, type OffsetEdit, type TrackedRange } from "./trackedRange.js";

/** Corrections follow soon after acceptance; the oldest of more than these is forgotten. */
const ACCEPTED_MAX = 256;
/** An editor may have indented or closed brackets around what it inserted; farther off it is another text. */
const SEARCH_CHARACTERS_MAX = 400;

interface AcceptedText {
  readonly completionId: string;
  readonly proposed: string;
  readonly range: TrackedRange;
}

interface FollowedText extends AcceptedText {
  readonly uri: string;
  /** Where the user last changed the text itself; typing on from there is changing it too. */
  readonly rewritingAt: number | undefined;
}

export class AcceptedTexts {
  readonly #accepted = new NewestMap<string, FollowedText>(ACCEPTED_MAX);

  /** `offset`: where the completion was proposed; `text`: the document after it was accepted. */
  accept(accepted: {
    readonly completionId: string;
    readonly proposed: string;
    readonly uri: string;
    readonly offset: number;
    readonly text: string;
  }): void {
    const { completionId, proposed, uri } = accepted;
    const range = findInserted(accepted);
    this.#accepted.set(completionId, { completionId, proposed, range, uri, rewritingAt: undefined });
  }

  edited(uri: string, edits: readonly OffsetEdit[]): void {
    for (const [id, each] of this.#accepted.entries()) {
      if (each.uri === uri) this.#accepted.replace(id, edits.reduce(follow, each));
    }
  }

  /** The newest one that covers `offset`, its ends included. */
  at(uri: string, offset: number): AcceptedText | undefined {
    const covers = ({ range }: AcceptedText) => range.start <= offset && offset <= range.end;
    return this.#accepted.values().findLast((each) => each.uri === uri && covers(each));
  }

  get(completionId: string): (AcceptedText & { readonly uri: string }) | undefined {
    return this.#accepted.get(completionId);
  }

  forget(uri: string): void {
    for (const [id, each] of this.#accepted.entries()) if (each.uri === uri) this.#accepted.delete(id);
  }
}

/**
 * Text typed at the end of what was accepted is the user writing on; but typed there right after a part of it was
 * deleted or replaced, and on the same line, it is what the user puts in that part's place.
 */
function follow(followed: FollowedText, edit: OffsetEdit): FollowedText {
  const { range, rewritingAt } = followed;
  const isAtEnd = edit.offset === range.end && edit.removed === 0;
  if (isAtEnd && rewritingAt === range.end && !edit.inserted.includes("\n")) {
    const end = range.end + edit.inserted.length;
    return { ...followed, range: { start: range.start, end }, rewritingAt: end };
  }
  const isInside = edit.offset < range.end && edit.offset + edit.removed > range.start;
  const isBetween = edit.offset > range.start && edit.offset < range.end;
  const moved = moveRange(range, edit);
  const isRewriting = isInside || isBetween;
  return {
    ...followed,
    range: moved,
    rewritingAt: isRewriting ? edit.offset + edit.inserted.length : undefined,
  };
}

/** Where the proposed text stands: at the place it was proposed for, else nearby, else as much text from there. */
function findInserted(options: {
  readonly text: string;
  readonly proposed: string;
  readonly offset: number;
}): TrackedRange {
  const { text, proposed, offset } = options;
  const from = Math.max(0, offset - SEARCH_CHARACTERS_MAX);
  const near = text.slice(from, offset + proposed.length + SEARCH_CHARACTERS_MAX);
  const starts: number[] = [];
  for (let at = near.indexOf(proposed); at >= 0; at = near.indexOf(proposed, at + 1)) starts.push(from + at);
  const distance = (start: number) => Math.abs(start - offset);
  const [start = offset] = starts.sort((a, b) => distance(a) - distance(b));
  return { start: Math.min(start, text.length), end: Math.min(start + proposed.length, text.length) };
}
