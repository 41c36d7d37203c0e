/**
 * The suggestion that was given to VS Code last, followed through the edits after it: what of it stands in the document
 * by now, and what becomes of it, as far as edits tell. VS Code says when all of it was accepted; taking over a word and
 * typing something else can only be read from the text. Pure: offsets in UTF-16 units in, facts out.
 */

export interface Suggestion {
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
  readonly isPartlyTaken: boolean;
}

export interface Edit {
  readonly offset: number;
  readonly removed: number;
  readonly text: string;
}

export type Followed =
  | { readonly kind: "goes-on"; readonly suggestion: Suggestion }
  /** All that was left came at once: accepted, as VS Code itself is about to tell. */
  | { readonly kind: "taken" }
  /** Something else was written in its place. */
  | { readonly kind: "disagreed"; readonly partlyTaken: number }
  | { readonly kind: "ended"; readonly partlyTaken: number };

export function rest(suggestion: Suggestion): string {
  return suggestion.text.slice(suggestion.consumed);
}

export function cursorOf(suggestion: Suggestion): number {
  return suggestion.offset + suggestion.consumed;
}

export function follow(suggestion: Suggestion, edit: Edit): Followed {
  const cursor = cursorOf(suggestion);
  const left = rest(suggestion);
  if (edit.offset > cursor + suggestion.replaces) return { kind: "goes-on", suggestion };
  const partlyTaken = suggestion.isPartlyTaken ? suggestion.consumed : 0;
  if (edit.offset !== cursor || edit.text === "") return { kind: "ended", partlyTaken };
  if (edit.text === left && (edit.removed === suggestion.replaces || edit.removed === 0)) {
    // A last single character may have been typed as well as accepted: nothing is claimed then.
    return edit.text.length > 1 ? { kind: "taken" } : { kind: "ended", partlyTaken };
  }
  if (edit.removed > 0 || !left.startsWith(edit.text)) return { kind: "disagreed", partlyTaken };
  const isPartlyTaken = suggestion.isPartlyTaken || edit.text.length > 1;
  const consumed = suggestion.consumed + edit.text.length;
  return { kind: "goes-on", suggestion: { ...suggestion, consumed, isPartlyTaken } };
}
