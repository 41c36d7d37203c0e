/**
 * The completion that was given to VS Code last, followed through the edits after it: what of it stands in the document
 * by now, and what becomes of it, as far as edits tell. VS Code says when all of it was accepted; taking over a word and
 * typing something else can only be read from the text. Pure: offsets in UTF-16 units in, facts out.
 */

import type { TextDocumentContentChangeEvent } from "vscode";

export interface ShownCompletion {
  readonly completionId: string;
  readonly uri: string;
  /** Where it begins. */
  readonly offset: number;
  readonly text: string;
  /** Units right of the cursor that it takes the place of. */
  readonly replaces: number;
  /** Units of `text` that stand in the document already. */
  readonly consumed: number;
  /** Some of that came in one piece, so by "accept word" or "accept line" and not by typing. */
  readonly isPartlyAccepted: boolean;
}

type Change = Pick<TextDocumentContentChangeEvent, "rangeOffset" | "rangeLength" | "text">;

export type Followed =
  | { readonly kind: "continues"; readonly completion: ShownCompletion }
  /** All that was left came at once, as VS Code itself is about to tell. */
  | { readonly kind: "accepted" }
  /** Something else was written in its place. */
  | { readonly kind: "dismissed"; readonly partlyAccepted: number }
  | { readonly kind: "ended"; readonly partlyAccepted: number };

/** The part that does not stand in the document yet. */
export function remainderOf(completion: ShownCompletion): string {
  return completion.text.slice(completion.consumed);
}

export function cursorOf(completion: ShownCompletion): number {
  return completion.offset + completion.consumed;
}

export function follow(completion: ShownCompletion, change: Change): Followed {
  const { rangeOffset: offset, rangeLength: removed, text } = change;
  const cursor = cursorOf(completion);
  const remainder = remainderOf(completion);
  if (offset > cursor + completion.replaces) return { kind: "continues", completion };
  const partlyAccepted = completion.isPartlyAccepted ? completion.consumed : 0;
  if (offset !== cursor || text === "") return { kind: "ended", partlyAccepted };
  if (text === remainder && (removed === completion.replaces || removed === 0)) {
    // A last single character may have been typed as well as accepted: nothing is claimed then.
    return text.length > 1 ? { kind: "accepted" } : { kind: "ended", partlyAccepted };
  }
  if (removed > 0 || !remainder.startsWith(text)) return { kind: "dismissed", partlyAccepted };
  const isPartlyAccepted = completion.isPartlyAccepted || text.length > 1;
  const consumed = completion.consumed + text.length;
  return { kind: "continues", completion: { ...completion, consumed, isPartlyAccepted } };
}
